"""Tests that need an extra: skipped where it is not installed, with the reason, and obligatory in CI."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest


def needs_vision() -> None:
    """Skip a test where the extra `vision` is not installed; in CI it has to be there."""
    missing = [name for name in ("ultralytics", "torch", "fall_detection") if find_spec(name) is None]
    if not missing:
        return
    assert not os.environ.get("CI"), f"{missing[0]} is not installed, and CI runs `make setup-vision`"
    pytest.skip(f"{missing[0]} is not installed; `make setup-vision` installs it")
