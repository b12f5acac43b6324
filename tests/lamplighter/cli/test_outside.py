"""A project of the user's own, outside the checkout, beside a package that is called as one of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from examples.flights.data import flights

FIRST, LAST = "2013-01-22", "2013-01-24"


@pytest.fixture(name="street")
def _street(tmp_path: Path) -> Path:
    """A folder with a table that was not prepared: the departures of January, as the package has them."""
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "__init__.py").write_text("raise RuntimeError('the tasks of the user are none of ours')\n")
    table = flights()
    table[table["scheduled_at"] < pd.Timestamp("2013-02-01", tz="UTC")].to_parquet(tmp_path / "departures.parquet")
    return tmp_path


def lamplighter(folder: Path, *arguments: str) -> str:
    """Call the installed command in a folder, as a person would, and return what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LAMPLIGHTER_")}
    command = [str(Path(sys.executable).parent / "lamplighter"), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.long
def test_from_init_to_the_history(street: Path) -> None:
    lamplighter(street, "init", "departures.parquet", "--timezone", "America/New_York")
    assert "departures is sound" in lamplighter(street, "validate")
    lamplighter(street, "backfill", "--from", FIRST, "--to", LAST, "--reports", "1")
    share = json.loads(lamplighter(street, "history", "departures", "--metric", "drift_share", "--json"))
    assert [row["window"] for row in share] == [FIRST, "2013-01-23", LAST]
    counted = json.loads(lamplighter(street, "history", "departures", "--metric", "rows", "--json"))
    table = pd.read_parquet(street / "departures.parquet")
    days = table["predicted_at"].dt.tz_convert("America/New_York").dt.strftime("%Y-%m-%d").value_counts()
    assert {row["window"]: row["value"] for row in counted} == {row["window"]: days[row["window"]] for row in counted}
    assert "departures" in lamplighter(street, "status")
    assert (street / ".lamplighter" / "reports" / "departures" / f"{LAST}.html").is_file()
