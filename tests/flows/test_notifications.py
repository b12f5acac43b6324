"""What is sent to whom, and how often: incidents that open, last, close, are muted, or cannot be sent."""

from __future__ import annotations

import json
import signal
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from flows.run_window import run_window
from flows.stage_functions import Stages
from lamplighter.core.records.finding import Code
from storage.history import open_history, outbox, tables
from storage.history.incidents import all_incidents, mute_check
from storage.project.folder import Project
from storage.sinks import apprise as notifications
from tasks.stages import notify
from tasks.stages.outcome import Outcome
from tasks.stages.run_context import RunContext
from tests.flows import loop_world
from tests.flows.conftest import FIRST
from tests.flows.loop_world import DAY, call, one_run
from tests.flows.processes import die, in_child
from tests.flows.runs import edit
from tests.receivers import Receiver

FAILS, PASSES = "turning: accuracy-below fails", "turning: accuracy-below passes again"
BROKEN = "turning: data fails"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "PAUSES", (0.0, 0.0))


@pytest.fixture
def notified(turned: Project, receiver: Receiver) -> Project:
    """The world some days after it turned; nothing is retrained."""
    path = turned.root / "monitors" / "turning.yaml"
    text = path.read_text()
    path.write_text(f"{text[: text.index('retrain:')]}notify: json://{receiver.url}\n")
    return turned


def after(days: int) -> date:
    return DAY + timedelta(days=days)


def test_an_incident_is_reported_once_and_its_end_once(notified: Project, receiver: Receiver) -> None:
    for day in range(3):
        one_run(notified, after(day))
        one_run(notified, after(day))
    assert receiver.titles == [FAILS]
    message = receiver.got[0][1]["message"]
    assert "accuracy is 0.135, below its limit 0.6" in message
    assert "since 2025-03-21" in message
    assert "moved most: region=south (" in message
    edit(notified, "turning", ("below: 0.6", "below: 0.01"))
    one_run(notified, after(3))
    one_run(notified, after(4))
    assert receiver.titles == [FAILS, PASSES]
    (incident,) = all_incidents(open_history(notified))
    assert (incident["opened_on"].date(), incident["closed_on"].date()) == (after(1), after(4))


def test_what_a_receiver_refuses_waits_for_the_next_run(notified: Project, receiver: Receiver) -> None:
    receiver.refusals = 3
    one_run(notified)
    assert receiver.titles == []
    one_run(notified, after(1))
    assert receiver.titles == [FAILS]


def unsent(done: Outcome) -> str:
    return " ".join(found.message for found in done.findings if found.code is Code.NOTIFY_FAILED)


@pytest.mark.long
def test_what_may_have_arrived_is_sent_once_more_after_a_day_and_never_again(
    notified: Project, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMPLIGHTER_NOTIFY_SECONDS", "3")
    project, receiver.delay = Project.open(notified.root), 5.0
    assert "did not confirm it within 3 s" in unsent(one_run(project))
    assert unsent(one_run(project, after(1))) == ""
    assert receiver.titles == [FAILS]
    monkeypatch.setattr(outbox, "REPEATED_AFTER", timedelta(0))
    assert "is not sent again" in unsent(one_run(project, after(2)))
    assert unsent(one_run(project, after(3))) == ""
    assert receiver.titles == [FAILS, FAILS]


@pytest.mark.long
def test_the_end_of_what_may_have_arrived_is_sent(
    notified: Project, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMPLIGHTER_NOTIFY_SECONDS", "3")
    project, receiver.delay = Project.open(notified.root), 5.0
    one_run(project)
    edit(project, "turning", ("below: 0.6", "below: 0.01"))
    receiver.delay = 0.0
    one_run(project, after(1))
    assert receiver.titles == [FAILS, PASSES]


def test_a_receiver_that_stumbles_is_asked_again_at_once(notified: Project, receiver: Receiver) -> None:
    receiver.refusals = 2
    one_run(notified)
    assert receiver.titles == [FAILS]


def test_no_message_is_sent_of_an_incident_that_is_over_before(notified: Project, receiver: Receiver) -> None:
    receiver.refusals = 99
    one_run(notified)
    edit(notified, "turning", ("below: 0.6", "below: 0.01"))
    receiver.refusals = 0
    one_run(notified, after(1))
    one_run(notified, after(2))
    assert receiver.titles == []


def test_a_url_that_was_mended_gets_what_waits(notified: Project, receiver: Receiver) -> None:
    edit(notified, "turning", (f"json://{receiver.url}", f"json://{receiver.url.partition(':')[0]}:9"))
    one_run(notified)
    assert receiver.titles == []
    edit(notified, "turning", (":9", f":{receiver.url.partition(':')[2]}"))
    one_run(notified, after(1))
    assert receiver.titles == [FAILS]


def test_no_message_is_sent_while_a_check_is_muted(notified: Project, receiver: Receiver) -> None:
    until = datetime(2025, 3, 24, 12, tzinfo=UTC)
    mute_check(open_history(notified), "turning", "accuracy-below", until, "known")
    one_run(notified)
    one_run(notified, after(1))
    assert receiver.titles == []
    one_run(notified, after(2))
    assert receiver.titles == [FAILS]
    code, shown = call(notified, "incidents")
    assert code == 0
    assert shown.splitlines()[1].split() == ["turning", "accuracy-below", "warning", "2025-03-23", "2025-03-25"]


def test_muted_by_the_command(notified: Project, receiver: Receiver) -> None:
    assert call(notified, "incidents", "mute", "turning", "accuracy-below", "--for", "2d")[0] == 0
    assert call(notified, "incidents", "unmute", "turning", "accuracy-below")[0] == 0
    one_run(notified)
    assert "muted_until" not in call(notified, "incidents")[1]
    code, shown = call(notified, "incidents", "mute", "turning", "acuracy-below")
    assert code == 2
    assert "no check 'acuracy-below'; did you mean 'accuracy-below'?" in shown


def test_what_waits_is_not_sent_while_its_check_is_muted(notified: Project, receiver: Receiver) -> None:
    receiver.refusals = 3
    one_run(notified)
    assert call(notified, "incidents", "mute", "turning", "accuracy-below")[0] == 0
    one_run(notified, after(1))
    assert receiver.titles == []
    assert call(notified, "incidents", "unmute", "turning", "accuracy-below")[0] == 0
    one_run(notified, after(2))
    assert receiver.titles == [FAILS]


def test_the_end_of_what_was_sent_waits_while_its_check_is_muted(notified: Project, receiver: Receiver) -> None:
    one_run(notified)
    assert call(notified, "incidents", "mute", "turning", "accuracy-below")[0] == 0
    edit(notified, "turning", ("below: 0.6", "below: 0.01"))
    one_run(notified, after(1))
    assert receiver.titles == [FAILS]
    assert call(notified, "incidents", "unmute", "turning", "accuracy-below")[0] == 0
    one_run(notified, after(2))
    assert receiver.titles == [FAILS, PASSES]


@pytest.mark.long
def test_no_message_is_sent_of_an_end_after_which_it_began_again(notified: Project, receiver: Receiver) -> None:
    one_run(notified)
    edit(notified, "turning", ("below: 0.6", "below: 0.01"))
    receiver.refusals = 3
    one_run(notified, after(1))
    edit(notified, "turning", ("below: 0.01", "below: 0.6"))
    one_run(notified, after(2))
    assert receiver.titles == [FAILS, FAILS]


def test_incidents_of_a_model_without_runs_are_shown(notified: Project) -> None:
    one_run(notified)
    history = open_history(notified)
    with history.writing() as connection:
        connection.execute(tables.run.delete())
    assert call(notified, "incidents")[1].splitlines()[1].split()[-2:] == ["2025-03-23", "2025-03-23"]


def test_incidents_are_shown_in_the_zone_of_their_model(world: Project) -> None:
    edit(world, "_shared", ("above: 0.2", "above: 0.0"))
    day = FIRST.date() + timedelta(days=8)
    run_window(RunContext.of(world, world.monitor("parquet"), day), Stages.plain(), with_report=False)
    shown = json.loads(call(world, "incidents", "--model", "parquet", "--json")[1])
    assert [(row["check"], row["opened"]) for row in shown] == [
        ("missing_ratio-amount-above", f"{day + timedelta(days=1)}")
    ]


def test_with_alertmanager_nothing_is_sent_and_the_gauge_tells(notified: Project, receiver: Receiver) -> None:
    edit(notified, "turning", (f"notify: json://{receiver.url}", "notify: {via: alertmanager}"))
    one_run(notified)
    assert receiver.titles == []
    assert shown_by(notified, "accuracy-below", "warning", "alertmanager") == 1.0
    assert shown_by(notified, "data", "critical", "alertmanager") == 0.0
    assert call(notified, "incidents", "mute", "turning", "accuracy-below", "--reason", "known")[0] == 0
    one_run(notified)
    assert shown_by(notified, "accuracy-below", "warning", "alertmanager") is None
    assert shown_by(notified, "accuracy-below", "warning", "muted") == 1.0


def test_who_is_sent_a_message_gets_no_alert(notified: Project, receiver: Receiver) -> None:
    one_run(notified)
    assert receiver.titles == [FAILS]
    assert shown_by(notified, "accuracy-below", "warning", "apprise") == 1.0
    assert 'via="alertmanager"' not in gauges_of(notified)


def test_a_message_that_does_not_arrive_is_counted_by_the_run_that_sent_it(
    notified: Project, receiver: Receiver
) -> None:
    receiver.refusals = 3
    one_run(notified)
    assert 'lamplighter_messages_undelivered{model="turning"} 1.0' in gauges_of(notified)
    one_run(notified, after(1))
    one_run(notified, after(2))
    assert 'lamplighter_messages_undelivered{model="turning"} 0.0' in gauges_of(notified)


def gauges_of(project: Project) -> str:
    return (project.home / "gauges" / "turning.prom").read_text()


def shown_by(project: Project, check: str, severity: str, via: str) -> float | None:
    series = f'lamplighter_incident_open{{check="{check}",model="turning",severity="{severity}",via="{via}"}} '
    lines = [line for line in gauges_of(project).splitlines() if line.startswith(series)]
    return float(lines[0].removeprefix(series)) if lines else None


def test_a_backfill_tells_what_is_open_at_its_end(tmp_path: Path, receiver: Receiver) -> None:
    monitor = loop_world.MONITOR[: loop_world.MONITOR.index("retrain:")]
    project = loop_world.make(tmp_path / "world", f"{monitor}notify: json://{receiver.url}\n")
    code, output = call(project, "backfill", "turning", "--from", "2025-03-12", "--to", "2025-03-24")
    assert code == 0, output
    assert receiver.titles == [FAILS]
    assert "since 2025-03-17" in receiver.got[0][1]["message"]


def test_killed_between_sending_and_marking_one_message_comes_twice(
    notified: Project, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send_and_die(*arguments: object, **named: object) -> object:
        notifications.send(*arguments, **named)  # type: ignore[arg-type]
        return die()

    with monkeypatch.context() as patched:
        patched.setattr(notify, "send", send_and_die)
        assert in_child(lambda: one_run(notified)) == signal.SIGKILL
    assert receiver.titles == [FAILS]
    one_run(notified)
    one_run(notified, after(1))
    assert receiver.titles == [FAILS, FAILS]


# Broken data: reported once, and nothing else is judged meanwhile.


def test_a_broken_day_is_one_incident_and_silences_the_rest(notified: Project, receiver: Receiver) -> None:
    edit(notified, "turning", ("below: 0.6", "below: 0.01"))
    (notified.root / f"data/predictions/day={DAY}/part.parquet").unlink()
    for day in range(4):
        one_run(notified, after(day))
    assert receiver.titles == [BROKEN, "turning: data passes again"]
    assert "no predictions in 2025-03-22; is the log there?" in receiver.got[0][1]["message"]
    _, shown = call(notified, "history", "turning", "--decisions", "--from", "2025-03-24", "--to", "2025-03-24")
    assert "not judged while the data are broken: window-empty" in shown
