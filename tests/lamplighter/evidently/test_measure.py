"""Results measured the short way, beside those of Evidently's whole preset."""

import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from lamplighter.core.drift import ColumnDrift
from lamplighter.core.profiles.profile import ColumnKind
from lamplighter.evidently.display import shown
from lamplighter.evidently.measure import METHODS, measure
from lamplighter.evidently.quiet import quiet
from tests.long_cases import long_but_for

Frames = tuple[pd.DataFrame, pd.DataFrame]


def flights(rows: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    """Columns as a service logs them: skewed, tied, with nulls, and with few and many categories."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "normal": random.normal(shift, 2.0, rows),
            "skewed": random.lognormal(shift, 1.0, rows),
            "whole": random.integers(0, 40, rows),
            "single": random.normal(shift, 1.0, rows).astype("float32"),
            "tiny": random.normal(1.0 + shift / 1e5, 1e-5, rows),
            "stars": random.integers(1, 6, rows) + (random.random(rows) < shift / 2),
            "flag": random.random(rows) < 0.3 + shift / 4,
            "carrier": random.choice(["AA", "DL", "UA", "WN"], rows, p=[0.4, 0.3, 0.2, 0.1]),
            "dest": [f"D{number:02d}" for number in (random.random(rows) ** (2 + shift) * 70).astype(int)],
            "month": random.choice([1, 2, 3], rows),
            # Names that Evidently gives a meaning of their own.
            "target": random.normal(0.0, 1.0, rows),
            "prediction": random.choice(["late", "on time"], rows),
            "id": random.integers(0, 9, rows),
        }
    )
    frame.loc[random.random(rows) < 0.1, ["normal", "carrier"]] = None
    return frame


COLUMNS: dict[str, ColumnKind] = {
    "normal": "numeric",
    "skewed": "numeric",
    "whole": "numeric",
    "single": "numeric",
    "tiny": "numeric",
    "stars": "numeric",
    "target": "numeric",
    "flag": "categorical",
    "carrier": "categorical",
    "dest": "categorical",
    "month": "categorical",
    "prediction": "categorical",
    "id": "categorical",
}

NULLABLE = {"whole": "Int64", "flag": "boolean", "carrier": "string", "dest": "category", "skewed": "double[pyarrow]"}

WINDOWS: dict[str, Callable[[], Frames]] = {
    "large reference": lambda: (flights(3000, 1), flights(900, 2)),
    "large reference, shifted": lambda: (flights(3000, 1), flights(900, 2, shift=0.5)),
    "just large": lambda: (flights(1200, 3).dropna().head(1001), flights(50, 4)),
    "small reference": lambda: (flights(1000, 5), flights(300, 6)),
    "small reference, shifted": lambda: (flights(400, 5), flights(2000, 6, shift=0.5)),
    "nullable types": lambda: (flights(2000, 7).astype(NULLABLE), flights(500, 8).astype(NULLABLE)),
    "types that differ": lambda: (flights(2000, 7), flights(500, 8, shift=0.5).astype(NULLABLE)),
    "one row": lambda: (flights(2000, 9), flights(1, 10)),
}


def preset(
    reference: pd.DataFrame, current: pd.DataFrame, columns: dict[str, ColumnKind]
) -> tuple[list[ColumnDrift], int]:
    """What Evidently's whole `DataDriftPreset` finds, and how many columns it says have drifted."""
    with quiet():
        from evidently import DataDefinition, Dataset, Report
        from evidently.presets import DataDriftPreset

        definition = DataDefinition(
            numerical_columns=[column for column, kind in columns.items() if kind == "numeric"],
            categorical_columns=[column for column, kind in columns.items() if kind == "categorical"],
            **{f"{unused}_columns": [] for unused in ("text", "datetime", "unknown", "list")},
        )
        ours, theirs = (
            Dataset.from_pandas(side[[*columns]], data_definition=definition) for side in (reference, current)
        )
        found = Report([DataDriftPreset(columns=[*columns])], include_tests=True).run(theirs, ours).dict()
    verdicts = {
        test["metric_config"]["params"]["column"]: test["status"].value == "FAIL"
        for test in found["tests"]
        if test["id"] == "drift"
    }
    by_label = {method.label: method for method in METHODS.values()}
    count, *values = found["metrics"]
    results = [
        ColumnDrift(
            column=value["config"]["column"],
            method=by_label[value["config"]["method"]].name,
            score=float(value["value"]),
            threshold=value["config"]["threshold"],
            is_p_value=by_label[value["config"]["method"]].is_p_value,
            drifted=verdicts[value["config"]["column"]],
        )
        for value in values
    ]
    return results, int(count["value"]["count"])


@pytest.mark.parametrize("name", long_but_for(WINDOWS, ["just large"]))
def test_results_are_those_of_the_whole_preset(name: str) -> None:
    reference, current = WINDOWS[name]()
    columns = {column: kind for column, kind in COLUMNS.items() if current[column].notna().any()}

    found = measure(reference, current, columns)
    expected, drifted = preset(reference, current, columns)

    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.column, ours.method, ours.threshold, ours.is_p_value, ours.drifted) == (
            theirs.column,
            theirs.method,
            theirs.threshold,
            theirs.is_p_value,
            theirs.drifted,
        )
        # The last digit of a sum over a set of strings hangs on the hash seed of the process.
        assert ours.score == pytest.approx(theirs.score, rel=1e-12, abs=1e-12), ours.column
    assert sum(bool(ours.drifted) for ours in found) == drifted


def test_every_method_is_met_in_the_windows() -> None:
    met = {found.method for window in WINDOWS.values() for found in measure(*window(), COLUMNS)}

    assert met - {""} == {method.name for method in METHODS.values()}


def series(*values: object, rows: int = 60, dtype: str | None = None) -> pd.DataFrame:
    """A column `x` that repeats the values."""
    return pd.DataFrame({"x": pd.Series((list(values) * rows)[:rows], dtype=dtype)})


EMPTY = pd.DataFrame({"x": pd.Series([], dtype=float)})
UNDECIDED: dict[str, tuple[pd.DataFrame, pd.DataFrame, ColumnKind, str]] = {
    "not in reference": (pd.DataFrame({"y": [1]}), series(1), "numeric", "not in the reference"),
    "not in current": (series(1), pd.DataFrame({"y": [1]}), "numeric", "not in the current window"),
    "no rows": (series(1), EMPTY, "numeric", "no rows in the current window"),
    "no rows in reference": (EMPTY, series(1), "categorical", "no rows in the reference"),
    "nulls": (series(1), series(None), "numeric", "every value is null in the current window"),
    "nulls in reference": (series(None), series("a"), "categorical", "every value is null in the reference"),
    "infinite": (series(1.0), series(float("inf"), None), "numeric", "no finite value in the current window"),
    "infinite categories": (series(1.0), series(float("inf")), "categorical", "no finite value in the current window"),
    "text": (series(1), series("a"), "numeric", "holds text, not numbers"),
    "dates": (series(pd.Timestamp(0)), series(pd.Timestamp(0)), "numeric", "holds dates, not numbers"),
    "ids": (series(*range(60)), series(*range(60, 120)), "categorical", "too many values to be categories"),
    "lists": (series([1]), series([2]), "categorical", "holds lists or other values that cannot be counted"),
}


@pytest.mark.parametrize(("reference", "current", "kind", "reason"), UNDECIDED.values(), ids=UNDECIDED)
def test_what_data_cannot_decide_has_a_reason(
    reference: pd.DataFrame, current: pd.DataFrame, kind: ColumnKind, reason: str
) -> None:
    (found,) = measure(reference, current, {"x": kind})

    assert found == ColumnDrift(column="x", reason=reason, n_reference=found.n_reference, n_current=found.n_current)


DECIDED: dict[str, tuple[pd.DataFrame, pd.DataFrame, ColumnKind, str, float]] = {
    "constant": (series(1.0), series(1.0), "numeric", "z_test", 1.0),
    "booleans as numbers": (series(True, False), series(True, False), "numeric", "z_test", 1.0),
    "types that cannot be ordered": (series("a", 1), series(1, "a"), "categorical", "z_test", 1.0),
    "dates as categories": (series(pd.Timestamp(0)), series(pd.Timestamp(0)), "categorical", "z_test", 1.0),
    "numbers as objects": (series(*range(9)), series(*range(9), dtype="object"), "numeric", "ks", 1.0),
    "ids where categories were": (series("a", "b"), series(*range(60)), "categorical", "chi_square", 0.0),
    "nothing in common": (series("a", rows=2000), series("b"), "categorical", "jensen_shannon", np.sqrt(np.log(2))),
    "integers and floats": (series(1, 2, rows=2000), series(1.0, 2.0, None), "categorical", "jensen_shannon", 0.0),
}


@pytest.mark.parametrize(("reference", "current", "kind", "method", "score"), DECIDED.values(), ids=DECIDED)
def test_odd_but_sound_columns_are_measured(
    reference: pd.DataFrame, current: pd.DataFrame, kind: ColumnKind, method: str, score: float
) -> None:
    (found,) = measure(reference, current, {"x": kind})

    assert (found.method, found.reason) == (method, "")
    assert found.score == pytest.approx(score, abs=1e-12)


def test_a_fault_of_evidently_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    from evidently.legacy.calculations import stattests

    def broken(*_: object) -> None:
        raise ValueError("secret 17")

    monkeypatch.setattr(stattests, "get_stattest", broken)

    (found,) = measure(series(1), series(2), {"x": "numeric"})

    assert found.reason == "Evidently could not measure it (ValueError)"


def test_rows_are_counted_without_nulls_and_infinities() -> None:
    (found,) = measure(series(1.0, None, rows=10), series(1.0, float("-inf"), None, rows=9), {"x": "numeric"})

    assert (found.n_reference, found.n_current) == (5, 3)


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_hiding_private_values_changes_no_score(window: Callable[[], Frames]) -> None:
    reference, current = window()
    columns = {column: kind for column, kind in COLUMNS.items() if column != "dest" and current[column].notna().any()}
    pairs = {column: shown(reference, current, column, kind, private=True) for column, kind in columns.items()}
    ours, theirs = (pd.DataFrame({column: pair[side] for column, pair in pairs.items()}) for side in (0, 1))

    clear, hidden = measure(reference, current, columns), measure(ours, theirs, columns)

    for one, other in zip(clear, hidden, strict=True):
        assert (one.method, one.drifted, one.n_current) == (other.method, other.drifted, other.n_current)
        assert one.score == pytest.approx(other.score, rel=1e-5, abs=1e-9), one.column


SILENT = """
import socket, sys
def refuse(*args, **kwargs):
    print("network", args, file=sys.stderr)
    raise OSError("no network")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse

import lamplighter.evidently.measure
assert "evidently" not in sys.modules
"""

SCORES = """
import numpy as np, pandas as pd
from lamplighter.evidently.measure import measure
from lamplighter.evidently.report import report
values = np.array([f"v{number}" for number in range(200)])
random = np.random.default_rng(1)
reference, current = (
    pd.DataFrame({"x": random.normal(size=rows), "c": random.choice(values, rows)}) for rows in (2000, 300)
)
columns = {"x": "numeric", "c": "categorical"}
print([found.score for found in measure(reference, current, columns)])
"""

REPORT = """
report(reference, current, columns, title="quiet")
"""


@pytest.mark.long
def test_no_network_no_chatter_and_the_same_digits_in_every_process(capsys: pytest.CaptureFixture[str]) -> None:
    """Texts have other hashes in each: those of this process are drawn at its start."""
    done = subprocess.run(
        [sys.executable, "-c", SILENT + SCORES + REPORT],
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    exec(SCORES, {})
    assert capsys.readouterr().out == done.stdout
