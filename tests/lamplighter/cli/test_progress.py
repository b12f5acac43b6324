"""How far long work has come, in lines where there is no terminal."""

from __future__ import annotations

import pytest

from lamplighter.cli.progress import LINE_SECONDS, Progress


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_counted_work(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = Progress(40, "windows", clock)
    progress.update("m 2026-03-01 read")
    assert capsys.readouterr().err == ""
    clock.now += LINE_SECONDS
    progress.update("m 2026-03-01 profile")
    assert capsys.readouterr().err == "0 of 40 windows; m 2026-03-01 profile\n"
    progress.update("m 2026-03-01", advance=1)
    clock.now += LINE_SECONDS
    progress.update("m 2026-03-10", advance=9)
    output = capsys.readouterr()
    # Ten in a minute, so thirty more take three.
    assert output.err == "10 of 40 windows; 10 windows a minute, 3 min 0 s left; m 2026-03-10\n"
    assert output.out == ""
    progress.update("m 2026-04-09", advance=30)
    assert progress.rate == "40 windows a minute"


def test_steps(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = Progress(None, "windows", clock)
    progress.step("reading", 0, 12, of=3)
    assert progress.doing == "step 1 of 3: reading, 0 of 12 windows"
    clock.now += 10
    progress.step("reading", 4, 12, of=3)
    assert progress.doing == "step 1 of 3: reading, 4 of 12 windows, 20 s left"
    clock.now += 100
    progress.step("training", 0, 0, of=3)
    assert progress.doing == "step 2 of 3: training"
    assert capsys.readouterr().err == "1 min 50 s; step 2 of 3: training\n"
    clock.now += 1
    progress.step("reading again", 1, 2, of=3)
    assert progress.doing == "step 3 of 3: reading again, 1 of 2 windows, 0 s left"
