"""Who is champion: by hand, by approval, on probation, and back again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow.parquet as pq
import pytest

from lamplighter.core.retraining.comparison import Comparison, Gain
from lamplighter.core.retraining.policy import Purpose, Status
from storage.history import open_history
from storage.history.promotions import champion, promotions
from storage.history.query import dump
from storage.project.folder import Project
from storage.registry.versions import Registry
from tasks.retraining.challenge import Challenged
from tasks.retraining.job import Retraining
from tasks.retraining.promote import promote
from tasks.retraining.request import request_retraining
from tasks.stages import notify
from tests.flows import loop_world
from tests.flows.loop_world import (
    DAY,
    ROLLBACK_DAY,
    adopt_first,
    call,
    count_as_labelled,
    ledger,
    logical_date,
    one_run,
)
from tests.flows.runs import edit
from tests.receivers import Receiver

# By hand.


def test_by_hand(promoted: Project) -> None:
    one_run(promoted, DAY + timedelta(days=1))
    code, output = call(promoted, "retrain", "turning", "--now", "2025-03-24T09:00")
    assert code == 0
    assert output.startswith("turning: 2025-03-24.2 rejected; accuracy gains 0")


def test_a_run_by_hand_tells_of_it(turned: Project) -> None:
    output = call(turned, "run", "turning", "--day", f"{DAY}", "--now", "2025-03-23T05:15")
    failed = "turning 2025-03-22: completed; checks failed: accuracy-below"
    assert output == (0, f"{failed}; retraining for check accuracy-below: promoted 2025-03-23\n")
    _, output = call(turned, "run", "turning", "--day", "2025-03-23", "--now", "2025-03-24T05:15", "--json")
    reason = "retraining for check accuracy-below: vetoed: the cooldown of 4d runs until 2025-03-27"
    assert json.loads(output)["retrainings"] == [reason]


def test_by_hand_what_was_cut_short_is_completed(turned: Project) -> None:
    one_run(turned, with_retraining=False, is_present=False)
    request_retraining(logical_date(turned))
    code, output = call(turned, "retrain", "turning", "--now", "2025-03-23T09:00")
    assert (code, output[:67]) == (0, "turning: completed what had been cut short: 2025-03-23 promoted; ac")
    assert [entry.status for entry in ledger(turned)] == [Status.PROMOTED]


@pytest.mark.long
def test_by_hand_again_on_one_day(promoted: Project) -> None:
    """Each attempt has a line and a version of its own; what was done before stays as it was."""
    first = ledger(promoted)[0]
    for number, now in ((2, "09:00"), (3, "10:00Z")):
        code, output = call(promoted, "retrain", "turning", "--now", f"2025-03-23T{now}")
        assert (code, output.split(";")[0]) == (0, f"turning: 2025-03-23.{number} rejected")
    assert ledger(promoted)[0] == first
    assert [(it.asked, it.version, it.champion) for it in ledger(promoted)] == [
        (1, "2025-03-23", ""),
        (2, "2025-03-23.2", "2025-03-23"),
        (3, "2025-03-23.3", "2025-03-23"),
    ]
    one_run(promoted)
    assert len(ledger(promoted)) == 3
    output = json.loads(call(promoted, "retrain", "turning", "--now", "2025-03-23T10:00Z", "--json")[1])
    assert (output["version"], output["status"], output["asked"], output["taken_up"]) == (
        "2025-03-23.4",
        "rejected",
        4,
        False,
    )


def test_by_hand_a_version_is_never_replaced(promoted: Project) -> None:
    kept = (promoted.home / "models" / "turning" / "2025-03-23" / "model.json").read_bytes()
    (promoted.root / "trainer.py").write_text(loop_world.TRAINER.replace("1 if agreement >= 0.5 else -1", "1"))
    code, output = call(promoted, "retrain", "turning", "--now", "2025-03-23T12:00")
    assert (code, output[:31]) == (0, "turning: 2025-03-23.2 rejected;")
    assert [entry.status for entry in ledger(promoted)] == [Status.PROMOTED, Status.REJECTED]
    assert (promoted.home / "models" / "turning" / "2025-03-23" / "model.json").read_bytes() == kept


def test_a_challenger_waits_for_approval(waiting: Project) -> None:
    assert [entry.status for entry in ledger(waiting)] == [Status.WAITING]
    one_run(waiting, DAY + timedelta(days=1))
    reason = ledger(waiting, vetoed=True)[-1].reason
    assert reason == "version 2025-03-23 of 2025-03-23 waits for `lamplighter approve turning`"
    assert call(waiting, "approve", "turning") == (0, "turning: 2025-03-23 is champion\n")
    assert champion(open_history(waiting), "turning").version == "2025-03-23"
    code, output = call(waiting, "approve", "turning")
    assert code == 2
    assert "nothing waits for approval" in output


def test_an_approval_takes_effect_when_it_is_given(turned: Project) -> None:
    """What is measured anew of the days before stays as it was measured, although the champion has a reference."""
    reference = ("retrain:", "reference: {days: 2025-03-03..2025-03-05}\nretrain:")
    edit(turned, "turning", reference, ("  window: 30d\n", "  window: 30d\n  approval: true\n"))
    for day in range(3):
        one_run(turned, DAY + timedelta(days=day))
    history = open_history(turned)
    before = dump(history)
    assert call(turned, "approve", "turning")[0] == 0
    (promotion,) = promotions(history, "turning")
    assert promotion.known_on.date() == DAY + timedelta(days=3)
    for day in range(3):
        one_run(turned, DAY + timedelta(days=day))
    assert dump(history)["measurement"] == before["measurement"]
    one_run(turned, DAY + timedelta(days=3))
    assert ledger(turned, vetoed=True)[-1].reason == "the cooldown of 4d runs until 2025-03-29"


@pytest.mark.long
def test_what_waits_is_compared_with_the_champion_of_now(turned: Project, receiver: Receiver) -> None:
    edit(turned, "turning", ("  window: 30d\n", "  window: 30d\n  approval: true\n"))
    edit(turned, "turning", ("retrain:", f"notify: json://{receiver.url}\nretrain:"))
    one_run(turned)
    before = ledger(turned)[0]
    adopt_first(turned)
    assert call(turned, "approve", "turning") == (0, "turning: 2025-03-23 is champion\n")
    after = ledger(turned)[0]
    assert (before.champion, after.champion, after.status) == ("", "first", Status.PROMOTED)
    assert after.gain == before.gain
    titles = [content["title"] for _, content in receiver.got]
    output = ["accuracy-below fails", "retraining waiting for approval", "retraining promoted"]
    assert titles == [f"turning: {what}" for what in output]


@pytest.mark.long
def test_an_approval_without_a_receiver_of_messages_says_so(
    turned: Project, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "PAUSES", ())
    edit(turned, "turning", ("  window: 30d\n", "  window: 30d\n  approval: true\n"))
    edit(turned, "turning", ("retrain:", f"notify: json://{receiver.url}\nretrain:"))
    one_run(turned)
    receiver.refusals = 1
    code, output = call(turned, "approve", "turning")
    assert (code, output.splitlines()[0]) == (0, "turning: 2025-03-23 is champion")
    assert "json://... did not take it" in output
    assert output.endswith("it is tried again in the next run\n")


def test_what_waits_is_rejected_where_the_champion_is_as_good_by_now(waiting: Project) -> None:
    adopt_first(waiting, sign=-1)
    code, output = call(waiting, "approve", "turning")
    assert (code, output[:36]) == (0, "turning: 2025-03-23 rejected: accura")
    assert champion(open_history(waiting), "turning").version == "first"


@pytest.mark.long
def test_by_hand_a_target_that_does_not_answer_is_asked_three_times(
    turned: Project, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "PAUSES", (0.0, 0.0))
    edit(turned, "turning", ("  on: [accuracy-below]\n", ""))
    one_run(turned)
    edit(turned, "turning", ("retrain:", f"notify: json://{receiver.url}\nretrain:"))
    receiver.refusals = 3
    code, output = call(turned, "retrain", "turning", "--now", f"{DAY + timedelta(days=1)}T12:00")
    assert (code, output.splitlines()[0][:36]) == (0, "turning: 2025-03-23 promoted; accura")
    assert output.endswith("it is tried again in the next run\n")
    assert (receiver.refusals, receiver.titles) == (0, [])


def test_adopting_what_cannot_be(turned: Project) -> None:
    span = ("--from", "2025-02-01", "--to", "2025-02-28")
    for version in ("../elsewhere", ".hidden", "champion.json", ""):
        code, output = call(turned, "adopt", "turning", str(turned.root), "--version", version, *span)
        assert (code, "cannot be a version: it names a folder" in output) == (2, True)
    code, output = call(turned, "adopt", "turning", "nowhere", "--version", "first", *span)
    assert (code, output) == (2, "lamplighter: nowhere: no such folder; give the one that holds the model's files\n")
    adopt_first(turned)
    code, output = call(turned, "adopt", "turning", str(turned.root / "first"), "--version", "second", *span)
    assert (code, "first is champion already; add --yes to put second in its place" in output) == (2, True)
    code, output = call(turned, "adopt", "turning", str(turned.root), "--version", "second", *span, "--yes")
    assert (code, "holds the home of the project" in output) == (2, True)
    assert [it.version for it in promotions(open_history(turned), "turning")] == ["first"]


@pytest.mark.long
def test_adopting_in_place_of_a_champion_and_back(turned: Project, receiver: Receiver) -> None:
    edit(turned, "turning", ("retrain:", f"notify: json://{receiver.url}\nretrain:"))
    adopt_first(turned)
    one_run(turned)
    assert champion(open_history(turned), "turning").version == "2025-03-23"
    receiver.got.clear()
    other = turned.root / "other"
    other.mkdir()
    (other / "model.json").write_text('{"sign": 1}')
    span = ("--from", "2025-02-01", "--to", "2025-02-28T23:00+00:00")

    def adopt(version: str = "second") -> tuple[int, str]:
        return call(turned, "adopt", "turning", str(other), "--version", version, *span, "--yes")

    assert adopt() == (0, "turning: second is champion in place of 2025-03-23\n")
    pointer = json.loads((turned.home / "models" / "turning" / "champion.json").read_text())
    assert pointer["version"] == "second"
    version = Registry(turned.home, open_history(turned), "turning").find("second")
    assert version.trained_until == datetime(2025, 2, 28, 23, tzinfo=UTC)
    assert adopt()[0] == 0
    assert len(promotions(open_history(turned), "turning")) == 3
    assert call(turned, "rollback", "turning")[1] == "turning: 2025-03-23 is champion again, in place of second\n"
    # The same files are the same version; other files are not.
    assert adopt()[0] == 0
    assert call(turned, "rollback", "turning")[0] == 0
    (other / "model.json").write_text('{"sign": -1}')
    code, output = adopt()
    assert (code, "version second is registered with other files; give another version" in output) == (2, True)
    assert [it.version for it in promotions(open_history(turned), "turning")][-1] == "2025-03-23"
    assert [content["title"] for _, content in receiver.got] == [
        "turning: second was adopted by hand",
        "turning: rolled back to 2025-03-23 by hand",
        "turning: second was adopted by hand",
        "turning: rolled back to 2025-03-23 by hand",
    ]


@pytest.mark.long
def test_a_model_that_replaced_the_champion_by_hand_is_on_probation(turned: Project) -> None:
    """What was adopted is worse than what it replaced, and goes back once it has served long enough."""
    adopt_first(turned)
    one_run(turned)
    call(turned, "adopt", "turning", str(turned.root / "first"), "--version", "old", "--from", "2025-02-01",
         "--to", "2025-02-28", "--yes")  # fmt: skip
    loop_world.serve(turned.root, 1, "old", DAY + timedelta(days=1))
    edit(turned, "turning", ("below: 0.6", "below: 0.01"))
    for day in range(1, 6):
        one_run(turned, DAY + timedelta(days=day))
    looked = [entry for entry in ledger(turned) if entry.purpose is Purpose.PROBATION]
    assert [(it.status, it.version, it.champion) for it in looked] == [(Status.ROLLED_BACK, "old", "2025-03-23")]
    assert champion(open_history(turned), "turning").version == "2025-03-23"


def test_what_is_adopted_is_looked_at(turned: Project) -> None:
    edit(turned, "turning", ("segments: [region]", "segments: [region]\nprivate: [z]"))
    folder = turned.root / "other"
    folder.mkdir()
    reference = folder / "reference.parquet"
    span = ("--from", "2025-02-01", "--to")

    def adopt(last: str = "2025-02-28") -> tuple[int, str]:
        return call(turned, "adopt", "turning", str(folder), "--version", "other", *span, last)

    reference.write_text("nothing")
    code, output = adopt()
    assert (code, "other: reference.parquet cannot be read" in output) == (2, True)
    pd.DataFrame({"x": [1.0], "z": [2.0], "answer": [1], "score": [0.5]}).to_parquet(reference)
    code, output = adopt("2199-01-01")
    assert (code, "2199-01-01 is still to come" in output) == (2, True)
    (folder / "loose").symlink_to("nowhere")
    code, output = adopt()
    assert (code, "other: cannot be copied" in output) == (2, True)
    (folder / "loose").unlink()
    assert adopt()[0] == 0
    kept = turned.home / "models" / "turning" / "other" / "reference.parquet"
    assert pq.read_schema(kept).names == ["x", "answer", "score"]
    code, output = call(turned, "adopt", "turning", str(turned.root), "--version", "whole", *span, "2025-02-28")
    assert (code, output.count("\n")) == (2, 1)


@pytest.mark.long
def test_a_rollback_goes_to_what_is_still_what_was_registered(promoted: Project) -> None:
    code, output = call(promoted, "rollback", "turning")
    assert (code, "there was no champion of the registry" in output) == (2, True)
    second = loop_world.TRAINER.replace('score = (sign * rows["x"] + 4) / 8', 'score = (sign * rows["x"] + 4.2) / 8')
    (promoted.root / "trainer.py").write_text(second)
    edit(
        promoted, "turning", ("accept: {metric: accuracy, days: 3d}", "accept: {metric: accuracy, gain: -1, days: 1d}")
    )
    for day in range(1, 4):
        one_run(promoted, DAY + timedelta(days=day))
    code, output = call(promoted, "retrain", "turning", "--now", "2025-03-27T09:00")
    assert code == 0, output
    versions = [promotion.version for promotion in promotions(open_history(promoted), "turning")]
    assert versions == ["2025-03-23", "2025-03-27"]
    model = promoted.home / "models" / "turning" / "2025-03-23" / "model.json"
    kept = model.read_text()
    model.write_text('{"sign": 5}')
    code, output = call(promoted, "rollback", "turning")
    assert code == 2
    assert "is not what was registered; restore its files, or roll back to another version" in output
    model.write_text(kept)
    assert call(promoted, "rollback", "turning")[0] == 0
    assert champion(open_history(promoted), "turning").version == "2025-03-23"
    code, output = call(promoted, "rollback", "turning")
    assert (code, "before 2025-03-23 there was no champion of the registry" in output) == (2, True)
    assert call(promoted, "rollback", "turning", "--to", "2025-03-27")[0] == 0


# Probation.


def test_a_champion_that_is_surely_worse_goes_back(worsened: Project) -> None:
    """The world turned back right after the promotion, and the first model of the registry would have been better."""
    one_run(worsened, ROLLBACK_DAY)
    probation = [entry for entry in ledger(worsened) if entry.purpose is Purpose.PROBATION]
    assert [entry.status for entry in probation] == [Status.ROLLED_BACK]
    assert probation[0].upper < 0
    assert [p.version for p in promotions(open_history(worsened), "turning")] == ["first", "2025-03-23", "first"]
    one_run(worsened, ROLLBACK_DAY + timedelta(days=1))
    assert len(promotions(open_history(worsened), "turning")) == 3


def test_a_rollback_by_hand_ends_a_probation(worsened: Project) -> None:
    one_run(worsened, ROLLBACK_DAY, with_retraining=False)
    request_retraining(logical_date(worsened, ROLLBACK_DAY))
    assert call(worsened, "rollback", "turning")[0] == 0
    one_run(worsened, ROLLBACK_DAY)
    (probation,) = [entry for entry in ledger(worsened) if entry.purpose is Purpose.PROBATION]
    assert (probation.status, probation.reason) == (Status.FAILED, "2025-03-23 is champion no longer")
    assert champion(open_history(worsened), "turning").version == "first"


@pytest.mark.long
def test_a_champion_that_was_confirmed_is_looked_at_once(turned: Project) -> None:
    adopt_first(turned)
    one_run(turned)
    loop_world.serve(turned.root, -1, "2025-03-23", DAY + timedelta(days=1))
    for day in range(1, 8):
        one_run(turned, DAY + timedelta(days=day))
    looked = [entry for entry in ledger(turned) if entry.purpose is Purpose.PROBATION]
    assert [entry.status for entry in looked] == [Status.CONFIRMED]
    assert looked[0].n == 3 * loop_world.ROWS


def test_a_probation_waits_while_data_are_broken(worsened: Project) -> None:
    for number in range(1, 4):
        path = worsened.root / f"data/predictions/day={DAY + timedelta(days=number)}/part.parquet"
        path.unlink()
    path = worsened.root / f"data/predictions/day={ROLLBACK_DAY}/part.parquet"
    path.unlink()
    one_run(worsened, ROLLBACK_DAY)
    assert not [entry for entry in ledger(worsened) if entry.purpose is Purpose.PROBATION]


def test_a_probation_waits_for_labels(worsened: Project) -> None:
    one_run(worsened, ROLLBACK_DAY, with_retraining=False)
    for back in (1, 2, 3):
        count_as_labelled(worsened, ROLLBACK_DAY - timedelta(days=back), 33)
    one_run(worsened, ROLLBACK_DAY)
    assert not [entry for entry in ledger(worsened) if entry.purpose is Purpose.PROBATION]
    one_run(worsened, ROLLBACK_DAY + timedelta(days=1))
    (probation,) = [entry for entry in ledger(worsened) if entry.purpose is Purpose.PROBATION]
    assert probation.status is Status.ROLLED_BACK


def test_a_probation_that_proves_nothing_confirms_no_champion(worsened: Project) -> None:
    one_run(worsened, ROLLBACK_DAY, with_retraining=False)
    (entry,) = request_retraining(logical_date(worsened, ROLLBACK_DAY))
    work = Retraining.of(worsened, worsened.monitor("turning"), entry)
    ended = promote(Challenged(work, Comparison("accuracy", Gain(-0.6, -0.7, -0.5, 33)))).entry
    output = "33 labelled rows prove nothing; 100 are needed, so wait or raise accept.days"
    assert (ended.status, ended.reason) == (Status.FAILED, output)
    assert champion(open_history(worsened), "turning").version == entry.version


def test_a_rollback_goes_to_no_version_that_was_never_champion(turned: Project) -> None:
    adopt_first(turned, sign=-1)
    one_run(turned)
    (rejected,) = ledger(turned)
    assert rejected.status is Status.REJECTED
    code, output = call(turned, "rollback", "turning", "--to", rejected.version)
    assert (code, "has never been champion; those were first" in output) == (2, True)


def test_a_late_rejection_starts_the_cooldown(waiting: Project) -> None:
    for day in range(1, 5):
        one_run(waiting, DAY + timedelta(days=day))
    assert call(waiting, "approve", "turning", "--reject") == (0, "turning: 2025-03-23 rejected: by hand\n")
    assert ledger(waiting)[0].ended_on.date() == DAY + timedelta(days=5)
    one_run(waiting, DAY + timedelta(days=5))
    assert ledger(waiting, vetoed=True)[-1].reason == "the cooldown of 4d runs until 2025-03-31"


def test_every_rollback_by_hand_is_reported(worsened: Project, receiver: Receiver) -> None:
    edit(worsened, "turning", ("retrain:", f"notify: json://{receiver.url}\nretrain:"))
    for version in ("first", "2025-03-23", "first"):
        assert call(worsened, "rollback", "turning", "--to", version)[0] == 0
    output = [f"turning: rolled back to {version} by hand" for version in ("first", "2025-03-23", "first")]
    assert [content["title"] for _, content in receiver.got] == output
