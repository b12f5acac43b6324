"""Breaks that no schema tells: each fault is found, and nothing is where there is none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lamplighter.core.breaks import FEWEST_WINDOWS, PAST_WINDOWS, Profiles, breaks_of
from lamplighter.core.finding import Code
from lamplighter.core.profile import categorical_profile, numeric_profile

ROWS = 400
STOPS = np.array([95, 188, 212, 301, 419, 508, 544, 689, 746, 888, 1005, 1089, 1416, 1608, 2153, 2475, 2586, 4983.0])

Columns = dict[str, np.ndarray]


def window(seed: int, **changes: Callable[[np.ndarray], np.ndarray]) -> Profiles:
    """A day of a feed that wanders, of distances between fixed places, and of a region."""
    random = np.random.default_rng(seed)
    warmth = 60 + 15 * np.sin(seed / 3) + random.normal(0, 8, ROWS)
    columns: Columns = {"warmth": warmth.round(1), "distance": random.choice(STOPS, ROWS)}
    columns["sometimes"] = np.where(random.random(ROWS) < random.uniform(0, 0.6), np.nan, random.normal(5, 1, ROWS))
    for name, change in changes.items():
        columns[name] = change(columns[name])
    counts = dict(zip("ab", np.bincount(random.integers(0, 2, ROWS), minlength=2).tolist(), strict=True))
    numbers = {name: numeric_profile(name, values) for name, values in columns.items()}
    return numbers | {"region": categorical_profile("region", counts, 0)}


PAST = [window(seed) for seed in range(PAST_WINDOWS)]


def found(current: Profiles, past: list[Profiles] = PAST) -> list[tuple[Code, str]]:
    return [(finding.code, finding.subject) for finding in breaks_of("m", current, past)]


@pytest.mark.parametrize("seed", range(100, 140))
def test_sound_windows_are_no_breaks(seed: int) -> None:
    assert found(window(seed), [window(seed - i) for i in range(1, PAST_WINDOWS + 1)]) == []


FAULTS = {
    "nulls": ({"warmth": lambda v: np.where(np.arange(ROWS) % 10 == 0, np.nan, v)}, Code.NULLS_RISEN, "warmth"),
    "frozen": ({"warmth": lambda v: np.resize([61.0, 62.0, 64.5], ROWS)}, Code.FEED_FROZEN, "warmth"),
    "kilometres": ({"distance": lambda v: v * 1.609344}, Code.SCALE_CHANGED, "distance"),
    "feet": ({"distance": lambda v: v * 5280}, Code.SCALE_CHANGED, "distance"),
    "a level": ({"warmth": lambda v: v - 273.15}, Code.SCALE_CHANGED, "warmth"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str) -> None:
    changes, code, subject = FAULTS[fault]
    assert found(window(200, **changes)) == [(code, subject)]


def test_the_factor_is_told() -> None:
    (finding,) = breaks_of("m", window(200, distance=lambda v: v * 1.609344), PAST)
    assert finding.message.startswith("m: column 'distance' is 1.6")


def test_a_window_that_comes_again() -> None:
    assert found(window(PAST_WINDOWS - 1)) == [(Code.WINDOW_REPEATED, "")]


def test_without_a_past_nothing_is_said() -> None:
    current = window(200, distance=lambda v: v * 5280)
    assert found(current, PAST[: FEWEST_WINDOWS - 1]) == []
    assert found(current, PAST[:FEWEST_WINDOWS]) != []


def test_of_a_column_that_often_lacks_values_nothing_is_said() -> None:
    assert found(window(200, sometimes=lambda v: np.where(np.arange(ROWS) % 3 > 0, np.nan, v))) == []


def test_a_few_rows_tell_nothing() -> None:
    few = {"distance": numeric_profile("distance", STOPS[:10] * 5280)}
    assert found(few) == []
