"""`lamplighter init`."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

MODEL_NAME = re.compile(r"[a-z0-9-]{1,63}")

if TYPE_CHECKING:
    from lamplighter.core.monitor import Monitor
    from lamplighter.core.suggest import LabelTable, Suggestion
    from storage.inspection.table import Seen
    from storage.project.folder import Project


@click.command(epilog="Example: lamplighter init logs/predictions.parquet --model churn")
@click.argument("source", metavar="TABLE_OR_PARQUET")
@click.option("--url", help="SQLAlchemy URL of the database that holds the table; may be ${VARIABLE}.")
@click.option("--labels", metavar="TABLE_OR_PARQUET", help="Where the truth is; by default looked for beside SOURCE.")
@click.option("--model", help="Name of the model; default the name of the table or file.")
@click.option("--timezone", default="UTC", show_default=True, help="Zone in which a day is a day.")
@click.option("--force", is_flag=True, help="Replace a monitor that is there already.")
@click.pass_obj
def command(
    project: str | None,
    source: str,
    url: str | None,
    labels: str | None,
    model: str | None,
    timezone: str,
    force: bool,
) -> None:
    """Look at a table or at Parquet files and write a commented monitor that validates and runs.

    SOURCE is a Parquet file, folder, glob or s3:// URI, or with --url the name of a table. What each column was taken
    for, and what was left out and why, is printed and stands in the file.
    """
    from lamplighter.errors import MonitorError
    from storage.project.folder import Project

    opened = Project.open(project)
    if model and not MODEL_NAME.fullmatch(model):
        raise MonitorError(f"--model {model!r} is not of the right form", fix="write at most 63 of a-z, 0-9 and -")
    name = model or _name(source if url else Path(source.rstrip("/*")).stem)
    path = opened.monitors_folder / f"{name}.yaml"
    if path.exists() and not force:
        raise MonitorError("exists already", where=path, fix="choose --model, or --force to replace it")
    _check(opened, timezone, source, url)
    from lamplighter.core.monitor import parse
    from storage.inspection.table import inspect_table

    seen = inspect_table(opened, source, url, timezone)
    suggested = _suggested(opened, name, source, url, labels, seen, timezone)
    try:
        monitor = parse(f"monitors/{name}.yaml", suggested.text, environ=opened.environ)
    except MonitorError as error:
        raise error.within("no monitor can be written for it").within(source) from None
    _write(path, suggested.text)
    click.echo(suggested.text)
    click.echo(f"written to {path}")
    for line, missing in suggested.missing:
        click.echo(f"monitors/{name}.yaml:{line}: {missing}")
    over = [day for day in seen.days if day <= monitor.window(datetime.now(UTC)).day]
    lamplighter = f"lamplighter -C {shlex.quote(project)}" if project else "lamplighter"
    click.echo(f"next: {lamplighter} validate")
    click.echo(f"      {lamplighter} {_first_runs(monitor, over)}")


def _suggested(
    project: Project, model: str, source: str, url: str | None, labels: str | None, seen: Seen, timezone: str
) -> Suggestion:
    """The file for a table, with the labels beside it where the table itself holds none."""
    from lamplighter.core.suggest import suggest
    from lamplighter.errors import MonitorError
    from storage.inspection.label_tables import label_tables, named_labels

    try:
        roles = seen.roles()
    except ValueError as error:
        raise MonitorError(str(error), where=source) from None
    tables: list[LabelTable] = []
    if labels:
        tables = [named_labels(project, labels, url, seen, roles, timezone)]
    elif not (roles.truth and roles.prediction):
        tables = label_tables(project, source, url, seen, roles, timezone)
    if tables and (labels or tables[0].is_plain):
        # With a truth at hand some columns of the predictions are seen to be something else.
        roles = seen.roles(tables[0])
    return suggest(model, seen.place, roles, seen.days, timezone=timezone, tables=tables)


def _write(path: Path, text: str) -> None:
    from lamplighter.atomic import write_atomically
    from lamplighter.errors import MonitorError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Of a link the file that it leads to is written.
        write_atomically(path.resolve(), text.encode())
    except OSError as error:
        raise MonitorError(
            f"cannot be written: {error.strerror}", where=path, fix="choose another folder with -C"
        ) from None


def _first_runs(monitor: Monitor, days: list[date]) -> str:
    """The command for the days that are over and no part of the reference."""
    compared = [
        day for day in days if not (monitor.reference and monitor.reference.days and day <= monitor.reference.days[1])
    ]
    if len(compared) > 1:
        return f"backfill {monitor.model} --from {compared[0]} --to {compared[-1]}"
    return f"run {monitor.model} --day {days[-1]}" if days else f"run {monitor.model}"


def _name(text: str) -> str:
    """A name that a model may have."""
    return re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")[:63] or "model"


def _check(project: Project, timezone: str, source: str, url: str | None) -> None:
    """Refuse what would stand wrongly in the file, or should not stand there at all."""
    from lamplighter.core.monitor.fields import zone
    from lamplighter.core.monitor.variables import VARIABLE
    from lamplighter.core.secrets import database_fault, database_secrets, password_of
    from lamplighter.errors import MonitorError
    from storage.inspection.place import refuse_absent

    try:
        zone(timezone)
    except ValueError as error:
        raise MonitorError(str(error)) from None
    if not url:
        refuse_absent(project, source)
        return
    if what := database_fault(url):
        raise MonitorError(what, where="--url")
    if missing := [name for name in VARIABLE.findall(url) if name not in project.environ]:
        raise MonitorError(
            f"the environment has no variable {missing[0]}",
            where="--url",
            fix=f"set it, or write {missing[0]}=... into {project.env_file.path}",
        )
    if any(VARIABLE.sub("", secret) for secret in (password_of(url), *database_secrets(url))):
        raise MonitorError(
            "--url holds a password",
            fix=f"write PREDICTIONS_URL=... into {project.env_file.path} (mode 0600), and --url '${{PREDICTIONS_URL}}'",
        )
