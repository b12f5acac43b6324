"""Tables: whole in a pipe, fitted on a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len

from lamplighter.cli.table import Layout, print_table

LAYOUT = Layout(
    ("window", "metric", "value", "n", "method", "reason"),
    frozenset({"value", "n"}),
    spare=(("method",), ("n", "value")),
    text="reason",
)
REASON = "the window has no rows, and so there is nothing to divide by, whatever one asks"
ROWS = [
    {"window": "2025-03-01", "metric": "f1", "value": 0.5, "n": 336776, "method": "wasserstein", "reason": ""},
    {"window": "2025-03-02", "metric": "recall", "value": None, "n": 0, "method": "", "reason": REASON},
]


class Terminal(io.StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        return True


def printed(
    monkeypatch: pytest.MonkeyPatch, width: int | None, rows: list[dict[str, object]] = ROWS, layout: Layout = LAYOUT
) -> list[str]:
    """The lines of a table on a terminal of a width, or in a pipe."""
    file = Terminal() if width else io.StringIO()
    monkeypatch.setenv("COLUMNS", str(width or 20))
    monkeypatch.setattr("sys.stdout", file)
    print_table(rows, layout)
    return file.getvalue().splitlines()


def test_a_pipe_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(monkeypatch, None) == [
        "window      metric  value        n  method       reason",
        "2025-03-01  f1        0.5  336,776  wasserstein",
        f"2025-03-02  recall               0               {REASON}",
    ]


def test_a_wide_terminal_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(monkeypatch, 130) == printed(monkeypatch, None)


@pytest.mark.parametrize("width", [62, 70, 80, 100])
def test_a_text_that_is_too_long_is_cut(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    lines = printed(monkeypatch, width)
    assert lines[-1].startswith("left out or cut: ")
    assert lines[-1].endswith("reason; --json shows all")
    assert max(map(len, lines[:-1])) == width
    assert lines[2].endswith("…")
    assert ("wasserstein" in lines[1]) == (width > 68) == ("method" not in lines[-1])
    assert "336,776" in lines[1]


def test_a_narrow_terminal_gets_less_and_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = printed(monkeypatch, 50)
    assert lines[0] == "window      metric  reason"
    assert lines[-1] == "left out or cut: method, n, value, reason; --json shows all"
    assert max(map(len, lines[:-1])) <= 50


def test_what_tells_rows_apart_is_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row | {"metric": "m" * 60} for row in ROWS]
    assert "2025-03-01  " + "m" * 60 in printed(monkeypatch, 40, rows)[1]


def test_names_are_cut_where_nothing_else_is_left_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row | {"metric": "metric_of_many_words"} for row in ROWS]
    layout = replace(LAYOUT, names=("metric",))
    assert "metric_of_many_words" in printed(monkeypatch, 54, rows, layout)[1]
    lines = printed(monkeypatch, 50, rows, layout)
    assert max(map(len, lines[:-1])) == 50
    assert lines[1].startswith("2025-03-01  metric_of_many_…")
    assert lines[-1] == "left out or cut: method, n, value, metric, reason; --json shows all"


def test_an_empty_column_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(monkeypatch, None, [ROWS[0] | {"method": "", "n": None}]) == [
        "window      metric  value",
        "2025-03-01  f1        0.5",
    ]


def test_wide_characters_take_two_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = printed(monkeypatch, 70, [ROWS[0] | {"metric": "精度", "method": ""}, ROWS[1] | {"reason": "行" * 60}])
    assert 68 <= cell_len(lines[2]) <= 70
    assert cell_len(lines[1].partition("0.5")[0]) == cell_len(lines[0].partition("value")[0]) + 2


def test_no_value_commands_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = printed(monkeypatch, 130, [ROWS[0] | {"metric": "[red]\x1b[31m\na"}])
    assert r"[red]\x1b[31m\na" in lines[1]
