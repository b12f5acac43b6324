"""The year with faults: every day is run once, in order, and each of the five faults is done to its days."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from benchmarks.faulty_year import CHANGE, EVENTS, FIRST, LAST, ONE_DAY, spans
from benchmarks.limits import row
from benchmarks.replays import Opened
from examples.flights.faults import FAULTS


def test_each_of_the_five_faults_is_done_on_days_well_apart() -> None:
    assert {event.what for event in EVENTS if not event.is_of_model} == set(FAULTS)
    gaps = [later.first - earlier.last for earlier, later in itertools.pairwise(EVENTS)]
    assert min(gaps) > dt.timedelta(days=14)


@pytest.mark.parametrize("last", [LAST, dt.date(2013, 6, 12), dt.date(2013, 5, 1)])
def test_the_spans_hold_every_day_once(last: dt.date) -> None:
    found = spans(last)
    assert (found[0][0], found[-1][1]) == (FIRST, last)
    assert all(begin == end + ONE_DAY for (_, end), (begin, _) in itertools.pairwise(found))
    faulty = {day for event in EVENTS if not event.is_of_model for day in event.days if day <= last}
    assert faulty <= {begin for begin, _ in found}


def test_a_fault_counts_for_what_opened_because_of_it() -> None:
    fault = EVENTS[1]
    known = fault.first + dt.timedelta(days=4)
    before = Opened("f1", fault.first - dt.timedelta(days=5), fault.first - ONE_DAY, known + ONE_DAY)
    because = Opened("f1", fault.first, known, known + dt.timedelta(days=3))
    late = Opened("f1", CHANGE.first + dt.timedelta(days=20), CHANGE.first + dt.timedelta(days=24), None)
    assert row("f1", [before], LAST).noticed[1] == "open"
    assert row("f1", [because], LAST).noticed[1] == "4"
    assert row("f1", [late], LAST).noticed[-1] == "-"
    assert row("f1", [before, because], LAST).total_days == 6 + 3
