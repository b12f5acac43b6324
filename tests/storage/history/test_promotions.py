"""Who is champion: what is added to the list, when it takes effect, and whom a rollback goes back to."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.errors import ModelError
from storage.history import History, open_history, tables
from storage.history.promotions import champion, champion_on, promote, promotions, version_before
from storage.project.folder import Project
from storage.project.settings import Settings
from tests.storage.history.recorded import day, ran, write


@pytest.fixture(name="history")
def _history(tmp_path: Path) -> History:
    return open_history(Project(tmp_path, Settings()))


def add(history: History, version: str, expected: str, logical_date: int = 1, cause: str = "check f1-below") -> None:
    with history.writing() as connection:
        promote(connection, "m", version, expected=expected, logical_date=day(logical_date), cause=cause)


def test_only_who_is_champion_is_replaced(history: History) -> None:
    add(history, "a", "")
    output = "m: c was to replace b, and a is champion; compare it with that one"
    with pytest.raises(ModelError, match=f"^{output}$"):
        add(history, "c", "b")
    with pytest.raises(ModelError, match="c was to replace no champion, and a is champion"):
        add(history, "c", "")
    assert [promotion.version for promotion in promotions(history, "m")] == ["a"]


def test_it_takes_effect_at_the_newest_date_that_has_begun(history: History) -> None:
    add(history, "a", "", logical_date=1)
    write(history, tables.run, [ran(3), ran(5, status="running"), ran(8, model="another")])
    add(history, "b", "a", logical_date=2)
    add(history, "c", "b", logical_date=3)
    assert [promotion.known_on for promotion in promotions(history, "m")] == [day(1), day(6), day(6)]
    known = [champion_on(history, "m", day(number)) for number in (1, 2, 6, 7)]
    assert [promotion and promotion.version for promotion in known] == [None, "a", "a", "c"]
    assert champion(history, "m").version == "c"


def test_a_rollback_is_no_place_to_go_back_to(history: History) -> None:
    add(history, "a", "", cause="adopted")
    add(history, "b", "a")
    add(history, "c", "b")
    add(history, "b", "c", cause="rollback by hand")
    assert [version_before(history, "m", version) for version in "abc"] == ["", "a", "b"]
