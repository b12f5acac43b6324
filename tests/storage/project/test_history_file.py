"""Which models have a run, by the SQLite file alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.errors import HistoryError
from storage.history import open_history
from storage.history.query import models, newest_run
from storage.project.folder import Project
from storage.project.history_file import recorded_models, refuse_unrecorded
from storage.project.settings import Settings
from tests.storage.history.recorded import write_run


def test_it_is_what_the_history_says(tmp_path: Path) -> None:
    project = Project(tmp_path, Settings(home="a home #1%41"))
    history = open_history(project)
    assert recorded_models(project) == []
    refuse_unrecorded(project, "m")
    write_run(history)
    assert recorded_models(project) == models(history) == ["m"]
    refuse_unrecorded(project, "m")
    with pytest.raises(HistoryError) as early:
        refuse_unrecorded(project, "n")
    with pytest.raises(HistoryError) as late:
        newest_run(history, "n")
    assert str(early.value) == str(late.value)


@pytest.mark.parametrize(
    ("settings", "content"),
    [
        pytest.param({}, None, id="no file"),
        pytest.param({}, b"no database", id="another file"),
        pytest.param({}, b"", id="a database without tables"),
        pytest.param({"history_url": "sqlite:///elsewhere.db"}, b"", id="another database"),
    ],
)
def test_where_it_cannot_tell_nothing_is_refused(
    tmp_path: Path, settings: dict[str, str], content: bytes | None
) -> None:
    project = Project(tmp_path, Settings(**settings))  # type: ignore[arg-type]
    if content is not None:
        project.home.mkdir()
        (project.home / "history.db").write_bytes(content)
    before = sorted(tmp_path.rglob("*"))
    assert recorded_models(project) is None
    refuse_unrecorded(project, "m")
    assert sorted(tmp_path.rglob("*")) == before
