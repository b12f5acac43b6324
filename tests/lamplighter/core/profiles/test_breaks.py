"""Breaks that no schema tells: each fault is found, and nothing is where there is none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lamplighter.core.profiles.breaks import FEWEST_WINDOWS, PAST_WINDOWS, Profiles, breaks_of
from lamplighter.core.profiles.profile import categorical_profile, numeric_profile
from lamplighter.core.records.finding import Code

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
    return [(finding.code, finding.subject) for finding in breaks_of(current, past)]


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


def test_the_factor_is_reported() -> None:
    (finding,) = breaks_of(window(200, distance=lambda v: v * 1.609344), PAST)
    assert finding.message.startswith("column 'distance' is 1.6")
    assert ": mostly between 303.4 and 4,167, and before mostly between 187.7 and 2,579; which unit" in finding.message


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


COLUMNS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "year": lambda r, day: r.integers(1950, 2021, ROWS).astype(float),
    "stars": lambda r, day: r.integers(1, 6, ROWS).astype(float),
    "celsius": lambda r, day: r.normal(12 + r.normal(0, 3), 4, ROWS).round(1),
    "bids": lambda r, day: np.where(r.random(ROWS) < 0.93, 0, r.exponential(100, ROWS)).round(1),
    "row": lambda r, day: 1e6 + ROWS * day + np.arange(ROWS),
    "dry or wet": lambda r, day: np.where(r.random(ROWS) < (1 if day % 5 == 0 else 0.4), 0, r.gamma(2, 8, ROWS)),
    "promotion": lambda r, day: np.where(r.random(ROWS) < (0.9 if day % 10 == 7 else 0.05), 0.2, 0.0),
}
CHANGES = {
    "sound": lambda v: v,
    "one of its values": lambda v: np.full(len(v), np.sort(v)[int(0.98 * len(v))]),
    "a tenth": lambda v: v / 10,
    "hundredfold": lambda v: v * 100,
    "kelvin": lambda v: v + 273.15,
}
EXPECTED = {
    **{(column, "sound"): [] for column in COLUMNS},
    **{(column, "one of its values"): [Code.FEED_FROZEN] for column in ("year", "stars", "celsius", "bids")},
    **{(column, "a tenth"): [Code.SCALE_CHANGED] for column in ("year", "stars", "celsius", "row")},
    **{(column, "hundredfold"): [Code.SCALE_CHANGED] for column in ("year", "stars", "celsius", "bids", "row")},
    ("celsius", "kelvin"): [Code.SCALE_CHANGED],
}


def of_day(column: str, day: int, seed: int, change: str = "sound") -> Profiles:
    return {"x": numeric_profile("x", CHANGES[change](COLUMNS[column](np.random.default_rng([seed, day]), day)))}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("column", "change"), EXPECTED)
def test_columns_that_froze_or_shrank(column: str, change: str, seed: int) -> None:
    past = [of_day(column, day, seed) for day in range(40, 60)]
    assert [code for code, _ in found(of_day(column, 60, seed, change), past)] == EXPECTED[column, change]


def test_the_message_says_what_the_values_were_and_are() -> None:
    def message(column: str, change: str) -> str:
        (finding,) = breaks_of(of_day(column, 60, 1, change), [of_day(column, day, 1) for day in range(46, 60)])
        return finding.message

    old, new = (
        np.concatenate([COLUMNS["celsius"](np.random.default_rng([1, day]), day) for day in days])
        for days in (range(46, 60), [60])
    )
    there, here = (
        f"between {old.min():.6g} and {old.max():.6g}",
        f"between {new.min() + 273.15:.6g} and {new.max() + 273.15:.6g}",
    )
    assert message("celsius", "kelvin") == (
        f"column 'x' lies {here}, and lay {there} in the 14 windows before; which unit is it in?"
    )
    assert message("stars", "one of its values").startswith("column 'x' has one value, 5, in every row")


def test_a_category_alone() -> None:
    def region(counts: dict[str, int]) -> Profiles:
        return {"region": categorical_profile("region", counts, 0)}

    past = [region({"a": 170 + day, "b": 195 - day, "c": 35}) for day in range(14)]
    assert found(region({"a": 400}), past) == [(Code.FEED_FROZEN, "region")]
    assert found(region({"a": 399, "b": 1}), past) == []
    assert found(region({"a": 400}), [region({"a": 398, "b": 2})] * 14) == []
