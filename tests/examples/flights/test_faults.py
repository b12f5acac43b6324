"""What breaks in real life is one incident each, and trains no model."""

from __future__ import annotations

import datetime as dt

import pytest

from examples.flights.faults import FAULTS
from lamplighter.core.retraining.policy import Status
from storage.history import open_history
from storage.history.incidents import all_incidents
from storage.history.retrainings import entries
from storage.project.folder import Project
from tests.examples.flights.june import EVE, LAST, run_window
from tests.long_cases import long_but_for

BROKEN = EVE + dt.timedelta(days=1)


def incidents(project: Project) -> list[str]:
    return [incident["check_name"] for incident in all_incidents(open_history(project))]


def requested(project: Project) -> list[str]:
    known = entries(open_history(project), "flight-loop")
    return [entry.cause for entry in known if entry.status is not Status.VETOED]


@pytest.mark.long
def test_sound_days_are_no_incident(june: Project) -> None:
    run_window(june, BROKEN, LAST)
    assert (incidents(june), requested(june)) == ([], [])


@pytest.mark.parametrize("fault", long_but_for(FAULTS, ["labels shifted by a day"]))
def test_a_fault_is_one_incident_and_trains_nothing(june: Project, fault: str) -> None:
    data = june.root / "data"
    FAULTS[fault](data / "predictions" / "loop", data / "labels", BROKEN)
    run_window(june, BROKEN, LAST)
    assert (incidents(june), requested(june)) == (["data"], [])
