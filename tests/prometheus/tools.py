"""Prometheus' and Alertmanager's own tools."""

from __future__ import annotations

import subprocess
from pathlib import Path


def agreed(tool: str, *arguments: str | Path, cwd: Path | None = None) -> None:
    """Ask promtool or amtool."""
    done = subprocess.run([tool, *arguments], capture_output=True, text=True, timeout=60, check=False, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
