"""Runs against servers that answer as none should: how long each takes, and what is recorded.

For each Pushgateway, webhook and mail server, and each kind of misbehaviour, a small model with a failing check is run
once with the default time limits. A row says how many seconds the run took and how many of them the stage that speaks
to the server, what is recorded of the run, what became of the message, and whether the next run tries again. The last
line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

from tests.hostile import HTTP, SMTP, hostile_server

COMMAND = Path(sys.executable).with_name("lamplighter")
DAYS = ("2026-03-02", "2026-03-03")
MONITOR = """\
model: m
kind: classification
predictions: {parquet: rows.parquet, time: at, prediction: pred}
labels: {same_row: true, target: y, mature_after: 1h}
checks: [{metric: accuracy, below: 0.9}]
"""
KINDS = ("slow", "endless", "nul", "closed", "silent", "garbage", "headers", "redirects", "echo")


def project(folder: Path, url: str) -> Path:
    """A model whose check fails on both days."""
    (folder / "monitors").mkdir()
    (folder / "monitors" / "m.yaml").write_text(MONITOR + (f"notify: ['{url}']\n" if url else ""))
    at = pd.date_range(DAYS[0], periods=96, freq="30min", tz="UTC")
    pd.DataFrame({"at": at, "pred": [0, 1] * 48, "y": [1, 0] * 48}).to_parquet(folder / "rows.parquet")
    return folder


def run(folder: Path, day: str, gateway: str) -> tuple[float, int]:
    """Seconds of a run, and its exit code."""
    now = (pd.Timestamp(day) + pd.Timedelta(days=1)).strftime("%Y-%m-%dT05:15")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LAMPLIGHTER_", "PREFECT_API"))}
    env |= {"LAMPLIGHTER_PUSHGATEWAY_URL": gateway, "DO_NOT_TRACK": "1"}
    began = time.monotonic()
    done = subprocess.run(
        [COMMAND, "-C", folder, "run", "m", "--day", day, "--now", now], env=env, capture_output=True, text=True
    )
    return time.monotonic() - began, done.returncode


def recorded(folder: Path) -> list[dict[str, Any]]:
    """What is recorded of the runs, the newest last, with the first message."""
    with sqlite3.connect(folder / ".lamplighter" / "history.db") as history:
        runs = history.execute("SELECT message, seconds FROM run ORDER BY known_on").fetchall()
        deliveries = history.execute("SELECT status, attempts FROM delivery ORDER BY known_on").fetchall()
    status, attempts = deliveries[0] if deliveries else ("", 0)
    return [
        {"recorded": message, "stages": json.loads(seconds), "status": status, "attempts": attempts}
        for message, seconds in runs
    ]


def tried(service: str, kind: str) -> dict[str, Any]:
    """One row of the table."""
    answers, greets = (SMTP, True) if service == "SMTP" else (HTTP, False)
    with tempfile.TemporaryDirectory() as place, hostile_server(answers[kind], greets=greets) as address:
        urls = {
            "webhook": f"json://admin:hidden-password@{address}/t",
            "SMTP": f"mailto://admin:hidden-password@{address}?from=a@b.org&to=c@b.org&mode=insecure",
        }
        folder = project(Path(place), urls.get(service, ""))
        gateway = f"http://{address}" if service == "Pushgateway" else ""
        seconds, code = run(folder, DAYS[0], gateway)
        first = recorded(folder)[-1]
        run(folder, DAYS[1], gateway)
        second = recorded(folder)[-1]
    is_push = service == "Pushgateway"
    return {
        "service": service,
        "kind": kind,
        "seconds": round(seconds, 1),
        "stage": round(first["stages"]["publish" if is_push else "notify"], 1),
        "exit": code,
        "recorded": first["recorded"],
        "message": f"{first['status']} after {first['attempts']}" if first["status"] else "",
        "again": second["recorded"] == first["recorded"] if is_push else second["attempts"] > first["attempts"],
    }


def main() -> None:
    """Print the table, and a line of JSON last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="*", default=KINDS)
    kinds = parser.parse_args().kinds
    rows = []
    for service in ("Pushgateway", "webhook", "SMTP"):
        for kind in kinds:
            if kind in (SMTP if service == "SMTP" else HTTP):
                rows.append(row := tried(service, kind))
                times = f"{row['seconds']:6.1f} s ({row['stage']:5.1f} s)  exit {row['exit']}"
                print(
                    f"{service:12} {kind:10} {times}  {row['message']:18} again {row['again']}  {row['recorded']}",
                    flush=True,
                )
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
