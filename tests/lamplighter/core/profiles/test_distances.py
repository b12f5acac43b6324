"""Columns that were scaled, turned or coded anew are found; the same columns undisturbed are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import ks_2samp

from lamplighter.core.profiles.breaks import Baseline, breaks_of
from lamplighter.core.profiles.distances import Compared, known_values
from lamplighter.core.profiles.profile import ColumnProfile, categorical_profile, numeric_profile
from lamplighter.core.records.finding import Code

ROWS, WINDOWS = 200, 30
Random = np.random.Generator
Values = np.ndarray[Any, Any]

COLUMNS: dict[str, Callable[[Random, int], Values]] = {
    "heavy tail": lambda r, day: r.lognormal(3, 2, ROWS),
    "zero-inflated": lambda r, day: np.where(r.random(ROWS) < 0.7, 0, r.gamma(2, 30, ROWS)),
    "integers": lambda r, day: r.poisson(4, ROWS).astype(float),
    "with negatives": lambda r, day: r.standard_t(3, ROWS) * 5 + 4,
    "share": lambda r, day: r.beta(2, 5, ROWS),
    "a flag": lambda r, day: (r.random(ROWS) < 0.3).astype(float),
    "wanders": lambda r, day: 60 + 15 * np.sin(day / 3) + r.normal(0, 8, ROWS),
    "weekly": lambda r, day: r.lognormal(3 + (0.5 if day % 7 > 4 else 0), 0.8, ROWS),
    "month": lambda r, day: np.full(ROWS, 1.0 + day // 20),
}
CHANGES: dict[str, Callable[[Values], Values]] = {
    "sound": lambda v: v,
    "times ten": lambda v: v * 10,
    "a tenth": lambda v: v * 0.1,
    "percent": lambda v: v * 100,
    "most of it times ten": lambda v: np.where(np.arange(len(v)) % 33 > 0, v * 10, v),
}


def day_of(column: str, day: int, seed: int, change: Callable[[Values], Values] = CHANGES["sound"]) -> ColumnProfile:
    return numeric_profile(column, change(COLUMNS[column](np.random.default_rng([seed, day]), day)))


def codes(profile: ColumnProfile, past: list[ColumnProfile], *, private: bool = False) -> list[Code]:
    baseline = Baseline(past[-14:], past[:-14])
    hidden = [profile.column] if private else []
    return [it.code for it in breaks_of({profile.column: profile}, [], {profile.column: baseline}, hidden)]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("column", COLUMNS)
def test_numbers(column: str, change: str, seed: int) -> None:
    past = [day_of(column, day, seed) for day in range(WINDOWS)]
    expected = [] if change == "sound" or column == "month" else [Code.SCALE_CHANGED]
    assert codes(day_of(column, WINDOWS, seed, CHANGES[change]), past) == expected


@pytest.mark.parametrize("column", ["heavy tail", "zero-inflated", "integers", "share", "weekly"])
def test_the_first_day_of_a_fault_does_not_hide_the_others(column: str) -> None:
    """A fault that begins at noon is no fault yet, and lies among the windows before."""
    half = lambda v: np.where(np.arange(len(v)) < ROWS // 2, v, v * 10)  # noqa: E731
    past = [*(day_of(column, day, 3) for day in range(WINDOWS)), day_of(column, WINDOWS, 3, half)]
    assert codes(day_of(column, WINDOWS + 1, 3, CHANGES["times ten"]), past) == [Code.SCALE_CHANGED]


def test_a_turned_sign() -> None:
    past = [day_of("zero-inflated", day, 4) for day in range(WINDOWS)]
    (found,) = breaks_of(
        {"x": day_of("zero-inflated", WINDOWS, 4, lambda v: -v)},
        [],
        {"x": Baseline(past[-14:], past[:-14])},
    )
    assert "has the opposite sign" in found.message


def test_the_distance_is_that_of_kolmogorov_and_smirnov() -> None:
    draws = [np.random.default_rng(seed).normal(50, 10, 500) for seed in range(2)]
    current = np.random.default_rng(9).normal(60, 10, 500)
    compared = Compared.of(numeric_profile("x", current), [numeric_profile("x", values) for values in draws])
    assert compared is not None
    # Of two windows none is left out; buckets are one per cent wide.
    assert compared.distance.value == pytest.approx(ks_2samp(current, np.concatenate(draws)).statistic, abs=0.03)


CATEGORIES: dict[str, Callable[[Random, int], list[str]]] = {
    "plans": lambda r, day: r.choice(["Basic", "Pro", "Team"], ROWS, p=[0.6, 0.3, 0.1]).tolist(),
    "many": lambda r, day: [f"Item {n}" for n in np.minimum(r.zipf(1.5, ROWS), 900)],
    "some new every day": lambda r, day: [*r.choice(["A", "B"], ROWS - 20).tolist(), *[f"N{day}"] * 20],
    "ids": lambda r, day: [f"R{day}-{i}" for i in range(ROWS)],
    "month": lambda r, day: [f"Month {day // 20}"] * ROWS,
}
CODINGS: dict[str, tuple[Callable[[str], str], set[str]]] = {
    "sound": (lambda v: v, set()),
    "small letters": (str.lower, {"plans", "many", "some new every day", "month"}),
    "a prefix": (lambda v: f"x_{v}", {"plans", "many", "some new every day"}),
    "other codes": (lambda v: str(sum(map(ord, v)) * 7), {"plans", "many", "some new every day"}),
    "a blank at the end": (lambda v: f"{v} ", {"plans", "many", "some new every day", "month"}),
}


def categories(column: str, day: int, seed: int, coded: Callable[[str], str] = CODINGS["sound"][0]) -> ColumnProfile:
    counts: dict[str, int] = {}
    for value in CATEGORIES[column](np.random.default_rng([seed, day]), day):
        counts[coded(value)] = counts.get(coded(value), 0) + 1
    return categorical_profile(column, counts, 0)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("column", CATEGORIES)
def test_categories(column: str, coding: str, seed: int) -> None:
    coded, found_in = CODINGS[coding]
    past = [categories(column, day, seed) for day in range(WINDOWS)]
    expected = [Code.VALUES_CHANGED] if column in found_in else []
    assert codes(categories(column, WINDOWS, seed, coded), past, private=seed == 2) == expected


def test_of_a_private_column_no_value_is_named() -> None:
    past = [categories("plans", day, 5) for day in range(14)]
    current = {"plans": categories("plans", 14, 5, str.lower)}
    (found,) = breaks_of(current, [], {"plans": Baseline(past)}, ["plans"])
    assert not any(word in found.message for word in ("asic", "pro'", "Team"))


def test_known_values_by_hand() -> None:
    past = [categorical_profile("x", {"a": 6, "b": 3, day: 1}, 0) for day in ("c", "d")]
    known = known_values(categorical_profile("x", {"a": 4, "B": 5, "c": 1}, 0), past)
    assert known is not None
    assert (known.share, known.usual, known.respelled, known.example) == (0.4, 0.9, 0.5, ("B", "b"))
