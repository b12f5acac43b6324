"""Cases of one test of which every run of the suite does some, and `make test-long` the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def long_but_for(cases: Iterable[object], usual: Collection[object]) -> list[Any]:
    """The cases for a parameter of a test, all marked as `long` but for some."""
    found = list(cases)
    assert all(case in found for case in usual), f"{usual} are not among {found}"
    return [pytest.param(case, marks=[] if case in usual else [pytest.mark.long]) for case in found]
