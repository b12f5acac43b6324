"""Checks that compare with the reference: with the value of their own segment, version and date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lamplighter.core.checks.decide import Verdict
from storage.project.folder import Project
from tests.flows import small_world

MONITOR = """
reference: {parquet: reference.parquet}
checks:
  - {name: whole, metric: accuracy, falls: {by: 0.1}, versus: reference}
  - {name: parts, metric: accuracy, segment: "region=*", falls: {by: 0.1}, versus: reference}
  - {name: south, metric: accuracy, segment: region=South, falls: {by: 0.1}, versus: reference}
  - {name: second, metric: accuracy, version: v2, falls: {by: 0.1}, versus: reference}
"""


def answered(number: int, wrong: dict[tuple[str, str], float], count: int = 400) -> pd.DataFrame:
    """Rows of a day, of which a share is answered wrongly in each region and version."""
    frame = small_world.rows(number, count)
    frame["region"], frame["version"] = ["North", "South"] * (count // 2), ["v1"] * (count // 2) + ["v2"] * (count // 2)
    for (region, version), share in wrong.items():
        part = frame.index[(frame["region"] == region) & (frame["version"] == version)]
        chosen = part[: round(share * len(part))]
        frame.loc[chosen, "answer"] = 1 - frame.loc[chosen, "truth"]
    return frame


def shares(north: float, south: float, second: float = 0.0) -> dict[tuple[str, str], float]:
    parts = {("North", "v1"): north, ("South", "v1"): south}
    return parts | {("North", "v2"): north + second, ("South", "v2"): south + second}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Of the reference the north is always right, the south and the second version are often wrong."""
    monitor = small_world.MONITOR.replace("score: score}", "score: score, version: version}")
    project = small_world.make(tmp_path, monitor + MONITOR)
    write(project, answered(9, shares(0.0, 0.4, 0.1)))
    return project


def write(project: Project, frame: pd.DataFrame) -> None:
    frame.drop(columns=["id", "at"]).to_parquet(project.root / "reference.parquet")


def decided(project: Project, number: int, frame: pd.DataFrame) -> dict[str, Any]:
    outcome = small_world.run(project, number, frame)
    return {it.check.name: it for it in outcome.decisions}


def test_each_part_is_compared_with_the_same_part(project: Project) -> None:
    """Whole: 0.75 in the reference. The north loses what the south gains."""
    found = decided(project, 0, answered(0, shares(0.2, 0.2)))
    verdicts = {name: it.verdict for name, it in found.items() if name not in ("data", "parts")}
    failed, passed = Verdict.FAILED, Verdict.PASSED
    assert verdicts == {
        "whole": passed,
        "south": passed,
        "second": passed,
        "parts[region=North]": failed,
        "parts[region=South]": passed,
    }
    lows = {name: found[name].limit.low for name in verdicts}
    assert lows == pytest.approx(
        {"whole": 0.65, "south": 0.45, "second": 0.6, "parts[region=North]": 0.85, "parts[region=South]": 0.45}
    )


def test_while_the_reference_cannot_be_read_the_reason_is_that(project: Project) -> None:
    decided(project, 0, answered(0, shares(0, 0)))
    (project.root / "reference.parquet").write_bytes(b"no table")
    undecided = decided(project, 1, answered(1, shares(0, 0)))["whole"]
    assert (undecided.verdict, "the reference: no file of it can be read" in undecided.reason) == (
        Verdict.UNDECIDED,
        True,
    )
    write(project, answered(9, shares(0.0, 0.4)))
    assert decided(project, 2, answered(2, shares(0, 0)))["whole"].verdict is Verdict.PASSED


def test_a_version_that_the_reference_lacks_is_said(project: Project) -> None:
    write(project, answered(9, shares(0, 0)).assign(version="v1"))
    found = decided(project, 0, answered(0, shares(0, 0)))
    assert (found["whole"].verdict, found["second"].verdict) == (Verdict.PASSED, Verdict.UNDECIDED)
    write(project, answered(9, shares(0, 0)).drop(columns="truth"))
    said = "it has no column 'truth'; write the truth beside its answers"
    assert said in decided(project, 1, answered(1, shares(0, 0)))["whole"].reason
