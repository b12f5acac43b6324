"""Who is champion, as a service sees it: promotions, versions that cannot be loaded, and a pointer that is broken."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from lamplighter.core.retraining.pointer import POINTER
from lamplighter.errors import ModelError
from lamplighter.serving import Champion, ModelInstruments
from tests.lamplighter.serving.exposed_series import value


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    for version in ("1", "2", "broken"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "model.txt").write_text("" if version == "broken" else version)
    promote(tmp_path, "1")
    return tmp_path


def promote(registry: Path, version: str) -> None:
    (registry / POINTER).write_text(json.dumps({"version": version, "folder": version, "number": 1}))


def load(place: Path) -> int:
    return int((place / "model.txt").read_text())


def test_a_promotion_is_served_after_the_next_look(registry: Path) -> None:
    champion = Champion(registry, load, look_seconds=3600)
    promote(registry, "2")
    assert champion.served.model == 1, "it is not time to look"
    champion.look()
    assert (champion.served.version, champion.served.model) == ("2", 2)


def test_a_request_never_waits_for_a_version_that_is_loaded(registry: Path) -> None:
    may_load, is_loading = threading.Event(), threading.Event()

    def slowly(place: Path) -> int:
        if place.name == "2":
            is_loading.set()
            assert may_load.wait(20)
        return load(place)

    champion = Champion(registry, slowly, look_seconds=0)
    promote(registry, "2")
    assert champion.served.model == 1
    assert is_loading.wait(20)
    assert champion.served.model == 1, "another request, meanwhile"
    may_load.set()
    champion.look()
    # A thread that outlives its test would look for a registry that is gone.
    champion.look_seconds = 3600
    assert champion.served.model == 2


@pytest.mark.parametrize(
    ("pointer", "said"),
    [
        ('{"version": "broken", "folder": "broken"}', "version broken cannot be loaded: ValueError"),
        ('{"version": "gone", "folder": "gone"}', "version gone cannot be loaded: FileNotFoundError"),
        ("no JSON", "cannot be read"),
        ('{"version": "2"}', "cannot be read: 'folder'"),
        ("[]", "cannot be read"),
    ],
)
def test_what_cannot_be_loaded_is_said_once_and_the_present_version_goes_on(
    registry: Path, pointer: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    champion = Champion(registry, load)
    instruments = ModelInstruments("flight-loop", "1", registry=CollectorRegistry())
    champion.shown_by(instruments)
    assert value(instruments.registry, "model_service_champion_refused") == 0
    (registry / POINTER).write_text(pointer)
    with caplog.at_level(logging.WARNING):
        champion.look()
        champion.look()
    assert value(instruments.registry, "model_service_champion_refused") == 1
    assert champion.served.model == 1
    assert [said in line for line in caplog.messages] == [True]
    assert "version 1 is served still" in caplog.text
    promote(registry, "2")
    champion.look()
    assert champion.served.model == 2
    assert value(instruments.registry, "model_service_champion_refused") == 0
    assert instruments.version == "2", "what is counted from now on is the new version's"


def test_without_a_champion_a_service_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no champion; make a model champion by `lamplighter adopt`"):
        Champion(tmp_path, load)
