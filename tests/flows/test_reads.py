"""What a run reads: each column of each file once, however many stages ask for it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from storage.sources.parquet import OpenFiles
from storage.sources.scan import Scan
from storage.sources.scan_spec import ScanSpec
from tests.flows import small_world

REFERENCE = "reference: {days: 2025-03-03..2025-03-04}\nchecks: [{metric: drift_share, above: 0.5}]\n"


def test_a_run_decodes_each_column_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = small_world.make(tmp_path, small_world.MONITOR + REFERENCE)
    small_world.run_days(project, range(3))
    decoded: Counter[tuple[str, int, str]] = Counter()
    opened: Counter[ScanSpec] = Counter()
    decode, begin = OpenFiles._decode, Scan.__init__

    def counted(self: OpenFiles, uri: str, group: int, column: str) -> pa.ChunkedArray:
        decoded[Path(uri).name, group, column] += 1
        return decode(self, uri, group, column)

    def begun(self: Scan, where: ScanSpec, *others: object) -> None:
        opened[where] += 1
        begin(self, where, *others)

    monkeypatch.setattr(OpenFiles, "_decode", counted)
    monkeypatch.setattr(Scan, "__init__", begun)
    outcome = small_world.run(project, 3, small_world.rows(3), with_report=True)
    assert outcome.report is not None
    own = {column: n for (name, _, column), n in decoded.items() if name == f"day={small_world.day(3)}.parquet"}
    # The time chooses the rows, when the windows next to this one are opened too.
    assert {column for column in own if column != "at"} >= {"amount", "count", "plan", "score", "answer", "truth"}
    assert [(place, n) for place, n in decoded.items() if n > 1 and place[2] != "at"] == []
    assert set(opened.values()) == {1}
