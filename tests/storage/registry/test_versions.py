"""The pointer to the champion, which services read while runs, retrainings and `prune` write it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import sqlalchemy as sa

from lamplighter.core.retraining.pointer import POINTER
from storage.history import open_history, tables
from storage.history.promotions import promote
from storage.project.folder import Project
from storage.registry.versions import Registry
from tests.storage.history.recorded import day


def test_a_pointer_is_there_as_long_as_there_is_a_champion(tmp_path: Path) -> None:
    project = Project.open(tmp_path)
    history = open_history(project)
    registry, pointer = Registry(project.home, history, "m"), project.home / "models" / "m" / POINTER
    with history.writing() as connection:
        promote(connection, "m", "a", expected="", logical_date=day(1), cause="adopted")
    registry.renew_pointer()
    # What is not written again was not away either.
    os.utime(pointer, (0, 0))
    registry.renew_pointer()
    assert pointer.stat().st_mtime == 0
    pointer.write_text("{}")
    registry.renew_pointer()
    assert json.loads(pointer.read_text())["version"] == "a"
    with history.writing() as connection:
        connection.execute(sa.delete(tables.promotion))
    registry.renew_pointer()
    assert not pointer.exists()
