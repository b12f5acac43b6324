"""The examples of the how-to run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "instrument-a-service.md"
EXAMPLES = re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_all_examples_are_found() -> None:
    assert len(EXAMPLES) == PAGE.read_text().count("```python")


@pytest.mark.parametrize(("heading", "example"), EXAMPLES, ids=[heading for heading, _ in EXAMPLES])
def test_an_example_runs(heading: str, example: str) -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", example], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
