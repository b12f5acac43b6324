"""Checks that flap, and checks that do not: incidents before a true change, and after how many days it is noticed.

Checks are chosen by twenty seeds and reported on twenty others.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, median
from typing import Any

from benchmarks.flapping_worlds import World, record_days
from benchmarks.replays import Opened, judged, recorded_incidents, with_checks
from flows.fleet import backfill_models
from lamplighter.core.records.catalogue import QUALITY_METRICS
from storage.history import open_history
from storage.history.query import EVERYTHING, measurements
from storage.project.folder import Project

BUSY = World("busy", rows=165, f1=0.927, then=0.85, limit=0.9)
"""`f1 below 0.9` opens and closes about 31 times in 300 days; then the share of errors doubles."""

SMALL = World("small", rows=60, f1=0.685, then=0.5, limit=0.6)
"""`f1 below 0.6` opens and closes about three times in 30 days; then the answers are no better than a coin."""

SLOW = World("slow", rows=165, f1=0.927, then=0.927, limit=0.9, a_day=0.0015, within=42)
"""Decay without a step: after 42 days F1 is 0.864."""

TUNED, HELD_OUT = range(20), range(20, 40)
"""Seeds to choose checks by, and seeds on which they are reported."""

MOST_BEFORE = 1
"""The aim: incidents in the 150 windows before the change; and it is noticed within the days of the world."""

CHECKS: dict[str, dict[str, str]] = {
    "busy": {
        "fixed": "metric: f1, below: 0.9, clears: 1",
        "fixed-clears-2": "metric: f1, below: 0.9, clears: 2",
        "for-2-of-3": "metric: f1, below: 0.9, for: 2 of 3 days",
        "for-4-of-6": "metric: f1, below: 0.9, for: 4 of 6 days",
        "surely": "metric: f1, below: 0.9, surely: true",
        "surely-2-of-5": "metric: f1, below: 0.9, surely: true, for: 2 of 5 days",
        "quantile": "metric: f1, below: {quantile: 0.05, of: 60d}",
        "quantile-for": "metric: f1, below: {quantile: 0.05, of: 60d}, for: 3 of 5 days",
        "sigmas": "metric: f1, below: {sigmas: 2, of: 56d}",
        "sigmas-for": "metric: f1, below: {sigmas: 2, of: 56d}, for: 3 of 5 days",
        "falls-week": "metric: f1, falls: 5%, versus: {mean: 7d}",
        "falls-for": "metric: f1, falls: 5%, versus: {median: 28d}, for: 3 of 5 days",
        "falls-surely": "metric: f1, falls: 4%, versus: {median: 56d}, surely: true",
        "slope": "metric: f1, slope: -0.01 per day, over: 7d",
    },
    "small": {
        "fixed": "metric: f1, below: 0.6, clears: 1",
        "fixed-clears-2": "metric: f1, below: 0.6, clears: 2",
        "for-2-of-3": "metric: f1, below: 0.6, for: 2 of 3 days",
        "for-4-of-5": "metric: f1, below: 0.6, for: 4 of 5 days",
        "surely": "metric: f1, below: 0.6, surely: true",
        "surely-2-of-5": "metric: f1, below: 0.6, surely: true, for: 2 of 5 days",
        "quantile": "metric: f1, below: {quantile: 0.05, of: 60d}",
        "quantile-for": "metric: f1, below: {quantile: 0.05, of: 60d}, for: 3 of 5 days",
        "sigmas": "metric: f1, below: {sigmas: 2, of: 56d}",
        "sigmas-for": "metric: f1, below: {sigmas: 1.5, of: 56d}, for: 3 of 5 days",
        "falls-week": "metric: f1, falls: 15%, versus: {mean: 7d}",
        "falls-for": "metric: f1, falls: 15%, versus: {median: 28d}, for: 4 of 6 days",
        "falls-surely": "metric: f1, falls: 10%, versus: {median: 56d}, surely: true",
        "slope": "metric: f1, slope: -0.02 per day, over: 7d",
    },
    "slow": {
        "fixed": "metric: f1, below: 0.9, clears: 1",
        "for-4-of-6": "metric: f1, below: 0.9, for: 4 of 6 days",
        "surely": "metric: f1, below: 0.9, surely: true",
        "falls-for": "metric: f1, falls: 5%, versus: {median: 28d}, for: 3 of 5 days",
        "falls-long": "metric: f1, falls: 5%, versus: {median: 56d}, for: 3 of 5 days",
        "sigmas-for": "metric: f1, below: {sigmas: 2, of: 56d}, for: 3 of 5 days",
        "slope": "metric: f1, slope: -0.01 per day, over: 14d",
        "slope-long": "metric: f1, slope: -0.001 per day, over: 42d",
        "slope-surely": "metric: f1, slope: -0.0005 per day, over: 42d, surely: true",
    },
}
"""For each world its checks, by name."""


@dataclass(frozen=True)
class Trial:
    """What a check did with the days of one seed.

    Attributes
    ----------
    before : int
        Incidents that it opened before the change.
    days : int or None
        Days of the change that it read until it opened one because of it; None where it did not within the days.
    within : int
        After how many a person wants to know it.
    """

    before: int
    days: int | None
    within: int = 7

    @property
    def is_good(self) -> bool:
        """Whether it met the aim."""
        return self.before <= MOST_BEFORE and self.days is not None and self.days <= self.within


@dataclass(frozen=True)
class Rule:
    """What a check did with the days of several seeds."""

    trials: list[Trial]

    @property
    def good(self) -> int:
        """Seeds on which it met the aim."""
        return sum(it.is_good for it in self.trials)

    @property
    def before(self) -> float:
        """Incidents before the change, in the mean."""
        return fmean(it.before for it in self.trials)

    @property
    def most_before(self) -> int:
        """Incidents before the change, on the worst seed."""
        return max(it.before for it in self.trials)

    @property
    def days(self) -> float:
        """Days until the change was noticed, in the median; without end where it mostly was not."""
        return median(self._days)

    @property
    def most_days(self) -> float:
        """The same on the worst seed."""
        return max(self._days)

    @property
    def _days(self) -> list[float]:
        return [float("inf") if it.days is None else float(it.days) for it in self.trials]


def tried(world: World, incidents: Iterable[Opened]) -> Trial:
    """What the incidents of one check come to.

    Examples
    --------
    >>> world = World("m", rows=165, f1=0.92, then=0.8, limit=0.9)
    >>> flap = Opened("f1", world.day(20), world.day(21), world.day(23))
    >>> noticed = Opened("f1", world.day(152), world.day(153), None)
    >>> tried(world, [flap, noticed]), tried(world, [flap])
    (Trial(before=1, days=3, within=7), Trial(before=1, days=None, within=7))
    """
    found = [*incidents]
    begin = world.day(world.change)
    after = [(it.window - begin).days + 1 for it in found if it.window >= begin]
    return Trial(len(found) - len(after), min(after, default=None), world.within)


def replayed(project: Project, world: World, checks: Mapping[str, str]) -> dict[str, list[Opened]]:
    """The incidents that each check would have opened in the recorded days of a world."""
    monitor = with_checks(project, world.name, checks)
    found = judged(project, monitor)
    return {name: found.of(name) for name in checks}


def recorded(folder: Path, world: World, seed: int) -> Project:
    """The recorded days of a seed, kept in a folder; recorded there unless those of the same world are."""
    place = folder / f"{world.name}-{seed}"
    done = place / "done"
    if not done.exists() or done.read_text(encoding="utf-8") != repr(world):
        shutil.rmtree(place, ignore_errors=True)
        project = world.project(place)
        record_days(project, world, seed)
        done.write_text(repr(world), encoding="utf-8")
    return Project.open(place)


def of_seed(folder: Path, world: World, seed: int) -> dict[str, Trial]:
    """What each check of a world does with the days of one seed."""
    found = replayed(recorded(folder, world, seed), world, CHECKS[world.name])
    return {name: tried(world, incidents) for name, incidents in found.items()}


@dataclass(frozen=True)
class Agreement:
    """Whether days that were recorded and days that were run come to the same.

    Attributes
    ----------
    values : bool
        The measurements of quality of every day, to the last digit.
    incidents : bool
        Those of the runs, and those of the replay of what was recorded.
    opened : int
        How many incidents the runs opened.
    seconds : float
        How long the runs took.
    """

    values: bool
    incidents: bool
    opened: int
    seconds: float


def through_the_flow(folder: Path, world: World, seed: int, checks: Mapping[str, str]) -> Agreement:
    """Run every day of a seed with its files and its checks, and compare that with the days as they are recorded.

    Raises
    ------
    RuntimeError
        If a day cannot be run.
    """
    project = world.project(folder / "run", checks)
    world.log(project.root, seed)
    begun = time.perf_counter()
    [done] = backfill_models(
        project,
        [world.name],
        world.day(0),
        world.day(world.windows - 1),
        reports=0,
        processes=1,
        announce=lambda _: None,
    )
    seconds = time.perf_counter() - begun
    if not done.is_sound:
        raise RuntimeError("; ".join(done.faults))
    other = recorded(folder, world, seed)
    ran = [it for it in recorded_incidents(project, project.monitor(world.name)) if it.check in checks]
    replays = [it for found in replayed(other, world, checks).values() for it in found]
    return Agreement(_values(project, world) == _values(other, world), set(ran) == set(replays), len(ran), seconds)


def _values(project: Project, world: World) -> list[tuple[Any, ...]]:
    """What is recorded of the quality of every day."""
    rows = measurements(open_history(project), world.name, EVERYTHING)
    names = ("window_start", "metric", "class", "known_on", "value", "n", "lower", "upper", "state", "reason")
    return [tuple(row[name] for name in names) for row in rows if row["metric"] in QUALITY_METRICS]


def rules(folder: Path, world: World, seeds: Iterable[int], processes: int = 2) -> dict[str, Rule]:
    """What each check of a world does with the days of some seeds."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        trials = [*pool.map(partial(of_seed, folder, world), seeds)]
    return {name: Rule([of[name] for of in trials]) for name in CHECKS[world.name]}


def chosen(found: Mapping[str, Rule]) -> list[str]:
    """The checks that meet the aim on most seeds; to take one of several would take the one that was lucky on them.

    Examples
    --------
    >>> chosen({"flaps": Rule([Trial(5, 1)]), "fits": Rule([Trial(0, 3)]), "too": Rule([Trial(1, 7)])})
    ['fits', 'too']
    """
    most = max(rule.good for rule in found.values())
    return [name for name, rule in found.items() if rule.good == most]


def compare(folder: Path, world: World, say: Callable[[str], None]) -> dict[str, Any]:
    """Choose checks for a world on some seeds and show what they do on others; returns the figures of the JSON."""
    tuned, held_out = rules(folder, world, TUNED), rules(folder, world, HELD_OUT)
    best = chosen(tuned)
    say(
        f"\n{world.name}: {world.rows} rows a day, true F1 {world.f1}, from day {world.change} on {world.then}"
        f"{f', and every day {world.a_day} less' if world.a_day else ''}; to be noticed within {world.within} days; "
        f"{len(TUNED)} seeds to choose by, {len(HELD_OUT)} others"
    )
    say(f"{'':16} {'to choose by':^26}  {'others':^26}")
    head = f"{'before':>6} {'most':>5} {'days':>5} {'met':>7}"
    say(f"{'check':16} {head}  {head}")
    for name, check in CHECKS[world.name].items():
        sides = "  ".join(_row(rule) for rule in (tuned[name], held_out[name]))
        say(f"{name:16} {sides}  {check}{'   <- chosen' if name in best else ''}")
    return {
        "fixed_before": held_out["fixed"].before,
        "chosen": {name: _as_json(CHECKS[world.name][name], held_out[name]) for name in best},
    }


def _as_json(check: str, rule: Rule) -> dict[str, Any]:
    return {
        "check": check,
        "before": rule.before,
        "most_before": rule.most_before,
        "median_days": rule.days,
        "most_days": rule.most_days if rule.most_days < float("inf") else None,
        "seeds_met": f"{rule.good} of {len(rule.trials)}",
    }


def _row(rule: Rule) -> str:
    met = f"{rule.good}/{len(rule.trials)}"
    return f"{rule.before:6.2f} {rule.most_before:5d} {rule.days:5.1f} {met:>7}"
