"""A sample is drawn by the id alone: alike everywhere and for good, and evenly."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from uuid import UUID

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from scipy.stats import binomtest

from lamplighter.errors import ColumnError
from lamplighter.serving import PredictionLog
from lamplighter.serving.sampling import is_sampled

NOON = dt.datetime(2013, 4, 1, 12, tzinfo=dt.UTC)
IDS = {
    "numbers": [str(number) for number in range(20_000)],
    "prefixed": [f"2013-04-01-UA-{number:06d}" for number in range(20_000)],
    "uuids": [str(UUID(bytes=hashlib.md5(str(number).encode()).digest())) for number in range(20_000)],
}


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
def test_a_sample_has_its_share(ids: list[str], share: float) -> None:
    kept = sum(is_sampled(id, share) for id in ids)
    # One of a million samples of a fair hash would fail; the ids are fixed, so this one fails never or always.
    assert binomtest(kept, len(ids), share).pvalue > 1e-6


@pytest.mark.parametrize(
    ("id", "digest"),
    [
        ("a1", "9f6566910330ed1b"),
        (b"a1", "9f6566910330ed1b"),
        ("", "e4a6a0577479b2b4"),
        ("größe", "f4f8e155c9329ae9"),
        (17, "20398d138e4d7bb4"),
        (("a", "bc"), "7c71a240a6aa6d33"),
        (("ab", "c"), "88f5e1cfb74ccc43"),
    ],
)
def test_an_id_is_decided_alike_in_every_version(id: object, digest: str) -> None:
    """Pinned by `b2sum -l 64`: another hash would draw another sample than that of what was logged before."""
    assert _point(id) == pytest.approx(int(digest, 16) / 2**64, abs=1e-9)


def _point(id: object) -> float:
    """The share from which on an id is kept, by bisection."""
    low, high = 0.0, 1.0
    while high - low > 1e-10:
        middle = (low + high) / 2
        low, high = (low, middle) if is_sampled(id, middle) else (middle, high)
    return high


def test_a_smaller_sample_lies_within_a_larger_one() -> None:
    small, large = ({id for id in IDS["numbers"] if is_sampled(id, share)} for share in (0.1, 0.2))
    assert small < large


def test_the_ends() -> None:
    assert all(is_sampled(id, 1.0) for id in IDS["numbers"])
    assert not any(is_sampled(id, 0.0) for id in IDS["numbers"])


def test_rows_and_batches_are_sampled_alike_and_the_files_say_so(tmp_path: Path) -> None:
    ids = IDS["numbers"][:200]
    with PredictionLog(tmp_path / "rows", sample=0.25, id="request_id") as log:
        for id in ids:
            log.append({"predicted_at": NOON, "request_id": id})
    batches = PredictionLog(tmp_path / "batches", sample=0.25, id="request_id")
    batches.write({"predicted_at": [NOON] * len(ids), "request_id": ids})
    rows, batch = (ds.dataset(tmp_path / name).to_table()["request_id"].to_pylist() for name in ("rows", "batches"))
    assert rows == batch == [id for id in ids if is_sampled(id, 0.25)]
    for path in tmp_path.rglob("*.parquet"):
        assert pq.read_schema(path).metadata[b"lamplighter.sample"] == b"0.25"


def test_several_columns_identify_a_row(tmp_path: Path) -> None:
    with PredictionLog(tmp_path, sample=0.5, id=["order", "line"]) as log:
        for order in range(20):
            for line in range(5):
                log.append({"predicted_at": NOON, "order": order, "line": line})
    kept = ds.dataset(tmp_path).to_table().select(["order", "line"]).to_pylist()
    expected = [(order, line) for order in range(20) for line in range(5) if is_sampled((order, line), 0.5)]
    assert [(row["order"], row["line"]) for row in kept] == expected


def test_a_row_without_its_id_is_refused(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, sample=0.5, id="request_id")
    with pytest.raises(ColumnError, match="column 'request_id', which the sample is drawn by, is missing or null"):
        log.append({"predicted_at": NOON})
    with pytest.raises(ColumnError, match="'request_id'"):
        log.write({"predicted_at": [NOON, NOON], "request_id": ["a", None]})
    log.close()
    assert list(tmp_path.rglob("*.parquet")) == []
