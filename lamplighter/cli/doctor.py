"""`lamplighter doctor`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lamplighter.cli.colour import BAD, FAINT, GOOD, UNSURE, painted
from lamplighter.cli.models import complete_models
from lamplighter.cli.number import Between
from lamplighter.cli.table import echo_wrapped

if TYPE_CHECKING:
    from tasks.doctor.looked import Looked

COLOURS = {"fault": BAD, "warning": UNSURE, "ok": GOOD, "not used": FAINT}
"""The states, the worst first."""

SHOWN_SOUND = 12
"""Models of which each has a line where all is well with it; of more there is one line together."""


@click.command(epilog="Example: lamplighter doctor flight-delays")
@click.argument("model", required=False, shell_complete=complete_models)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--send-test", is_flag=True, help="Send a test message to every URL of `notify`.")
@click.option(
    "--seconds",
    type=Between(0.1, 3600),
    default=60.0,
    show_default=True,
    help="How long each look may take.",
)
@click.pass_obj
def command(project: str | None, model: str | None, as_json: bool, send_test: bool, seconds: float) -> None:
    """Say what is wrong with the set-up, where, and how to mend it.

    Looks at the monitors, modes of files, disk, history, clock, gauges, Prefect server, workers, schedules, sources,
    labels, runs, registry, profiles and notifications, and changes nothing. The exit code is 1 when there is a fault.
    """
    from datetime import UTC, datetime

    from storage.project.folder import Project

    opened = Project.open(project)
    if model is not None:
        opened.file_of(model)
    from tasks.doctor.case import Case
    from tasks.doctor.checks import examine

    case = Case(opened, datetime.now(UTC), model, send_test)
    looked: list[Looked] = []
    for found in examine(case, seconds):
        looked += found
        for name in () if as_json else dict.fromkeys(it.check for it in found):
            for line in _lines(name, [it for it in found if it.check == name]):
                echo_wrapped(line)
    if as_json:
        names = ("state", "check", "model", "what", "where", "fix")
        click.echo(json.dumps([{name: str(getattr(it, name)) for name in names} for it in looked], indent=2))
    else:
        states = Counter(it.state.value for it in looked)
        click.echo(f"{len(looked)} looks: " + ", ".join(f"{count} {state}" for state, count in states.items()))
    sys.exit(1 if any(it.state == "fault" for it in looked) else 0)


def _lines(check: str, looked: list[Looked]) -> Iterator[str]:
    """A line for each thing, the worst first; models with which all is well share one where they say the same.

    So do all with which all is well, where they are many.
    """
    quiet = {it for it in looked if it.model and it.state in ("ok", "not used")}
    are_many = len({it.model for it in quiet}) > SHOWN_SOUND
    shared: dict[tuple[str, str], list[Looked]] = {}
    for it in looked:
        said = "" if are_many and it.state == "ok" else it.line
        key = (it.state.value, said) if it in quiet else (it.state.value, f"{it.model}: {it.line}")
        shared.setdefault(key, []).append(it)
    for (state, said), same in sorted(shared.items(), key=lambda group: [*COLOURS].index(group[0][0])):
        first, models = same[0], len({it.model for it in same})
        whose = f"{models} models" if models > 1 else first.model
        text = ": ".join(filter(None, (whose, said if first in quiet else first.line)))
        yield f"{_state(state)}  {check:<9}  {text}"


def _state(state: str) -> str:
    return painted(f"{state:<8}", COLOURS[state])
