"""What a glob names, on a disk and in a list of objects, and that it is found out in steps that can be counted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage.sources.globbing import Glob, LocalFiles


@pytest.mark.parametrize(
    ("pattern", "path", "named"),
    [
        ("*a" * 40 + "b", "a" * 400, False),
        ("*a" * 40, "a" * 400, True),
        ("**/" * 40 + "b", "a/" * 400, False),
        ("**/*a*/" * 20 + "b", "a/" * 60 + "a", False),
        ("**/*a*/" * 20 + "b", "a/" * 60 + "b", True),
        ("b/**", "b/x/y.parquet", True),
        ("b/**", "b", False),
        ("b/**/c", "b/c", True),
        ("b/[*]/c", "b/*/c", True),
        ("b/[!a]*/c", "b/ax/c", False),
        ("b/?/c", "b/x/c", False),
        ("b/?/c", "b/?/c", True),
        ("b/[?]x/c", "b/?x/c", True),
        ("b/*", "b/_SUCCESS", False),
        ("b/_*", "b/_SUCCESS", True),
        ("b/*/c", "b/_year=2026/c", True),
        ("b/**/c", "b/.tmp/c", False),
        ("s3://b//*", "s3://b//x", True),
    ],
)
def test_a_glob_ends_whatever_it_is(pattern: str, path: str, named: bool) -> None:
    """As one regular expression the first of these would not end in the life of the sun."""
    assert Glob(pattern).matches(path) == named


def test_globs_name_the_same_files_on_a_disk_and_in_a_listing(tmp_path: Path) -> None:
    names = ["a.parquet", "x/b.parquet", "x/y/c.parquet", "_t/d.parquet", "x/_e.parquet", "x/k/f.parquet", "x/.g"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for pattern in ("*", "**/*", "**/**/*.parquet", "x/*", "x/**/*", "x/?/*", "**/[b-f]*", "x/_*", "_t/*", "**"):
        listed = {
            name for name in names if Glob(f"{tmp_path}/{pattern}", question_mark=True).matches(f"{tmp_path}/{name}")
        }
        found = {os.path.relpath(path, tmp_path) for path, _ in LocalFiles(f"{tmp_path}/{pattern}").found()}
        assert listed == found, pattern
