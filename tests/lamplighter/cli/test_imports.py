"""What a command does not import: most of the time that a person waits for a command goes into imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from storage.history import History, tables
from tests.storage.history.recorded import measured, write, write_run

MONITOR = """
model: {name}
kind: classification
predictions: {{parquet: p.parquet, time: t, prediction: y, positive: true}}
labels: {{same_row: true, target: y2}}
segments: [plan]
checks: [{{metric: rows, below: 1}}, {{metric: f1, below: 0.4}}]
"""

HEAVY = (
    "pandas numpy pyarrow scipy prefect evidently alembic apprise httpx psycopg prometheus_client rich.console flows"
)
"""What no command below needs."""

LINE = ["--help", "runn", "run --dya x", "run --day yesterday", "history m --json --csv"]
LINE += ["backfill m --from 2026-03-02 --to 2026-03-01"]
NAME = [
    f"{command} nope"
    for command in ("run", "status", "checks", "replay", "history", "report", "retrain", "approve", "rollback")
]
NAME += ["validate nope", "incidents accept nope x", "backfill nope --from 2026-03-01 --to 2026-03-01"]
FILE = ["validate broken --no-sources", "run broken", "run m --day 2199-01-01", "incidents mute m nope", "retrain m"]
FILE += ["init nothing.parquet", "init nothing.parquet --timezone Nowhere"]
HISTORY = ["history m", "history m --version v1", "history m --confusion"]


@pytest.mark.parametrize(
    ("commands", "spared"),
    [
        pytest.param(LINE, "storage pydantic yaml sqlalchemy tasks", id="mistakes on the line"),
        pytest.param(NAME, "lamplighter.core.monitor yaml sqlalchemy tasks", id="names that are unknown"),
        pytest.param(FILE, "sqlalchemy", id="mistakes that a monitor file shows"),
        pytest.param(HISTORY, "lamplighter.core.monitor yaml tasks", id="what is recorded"),
        pytest.param(["checks m"], "lamplighter.evidently", id="checks that are judged"),
        pytest.param(["incidents", "status", "status m"], "tasks", id="what is recorded, and declared"),
    ],
)
def test_what_is_not_needed_is_not_imported(tmp_path: Path, history: History, commands: list[str], spared: str) -> None:
    write_run(history)
    write(history, tables.measurement, [measured(version="v1")])
    (tmp_path / "monitors").mkdir()
    for name, more in (("m", ""), ("broken", "segmets: [plan]\n")):
        (tmp_path / "monitors" / f"{name}.yaml").write_text(MONITOR.format(name=name) + more)
    script = (
        "import sys\nfrom lamplighter.cli import cli\n"
        f"for line in {commands}:\n"
        f"    try: cli(['-C', {str(tmp_path)!r}, *line.split()])\n"
        "    except SystemExit as end: print('ends with', end.code)\n"
        f"    imported = [name for name in {[*HEAVY.split(), *spared.split()]} if name in sys.modules]\n"
        "    if imported: sys.exit(f'{line} imports {imported}')\n"
    )
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (made.returncode, made.stderr.partition(" imports ")[1]) == (0, ""), made.stderr
    codes = [line for line in made.stdout.splitlines() if line.startswith("ends with")]
    is_mistake = commands in (LINE, NAME, FILE)
    assert [*dict.fromkeys(codes[commands[0] == "--help" :])] == [f"ends with {2 if is_mistake else 0}"]
