"""The closed loop, night by night: a world that turns is noticed, learned and served."""

from __future__ import annotations

from pathlib import Path

from lamplighter.core.retraining import Status
from storage.history import open_history
from storage.history.promotions import promotions
from storage.history.retrainings import entries
from tests.flows import loop_world


def test_a_turn_is_noticed_and_learned(tmp_path: Path) -> None:
    project = loop_world.make(tmp_path / "world")
    loop_world.replay(project)
    history = open_history(project)
    ledger = [entry for entry in entries(history, "turning") if entry.status is not Status.VETOED]
    assert [entry.status for entry in ledger] == [Status.REJECTED, Status.PROMOTED]
    (promotion,) = promotions(history, "turning")
    assert (promotion.version, promotion.cause) == (ledger[-1].version, "check accuracy-below")
