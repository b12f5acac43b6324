"""Tables of plain text: whole where they are piped, trimmed to its width on a terminal."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click
from rich.cells import cell_len, set_cell_size

from lamplighter.cli.colour import colour_of, painted
from lamplighter.core.markup import csv_cell
from lamplighter.core.numbers import number_text
from lamplighter.errors import visible

GAP, TIGHT_GAP = "  ", " "
FEWEST_OF_A_TEXT, FEWEST_OF_A_NAME = 20, 8
"""What is left at least of what is cut: enough to see which is which."""


@dataclass(frozen=True)
class Layout:
    """The columns of a table.

    Attributes
    ----------
    columns : sequence of str
        In order. Those that are empty in every row are left out.
    numbers : collection of str
        Those that are set to the right.
    spare : sequence of sequences of str
        What a narrow terminal goes without, first what is missed least.
    text : str
        The last column, if it is a text that may be cut on a terminal.
    names : sequence of str
        Those that are cut where a terminal is too narrow even for what is not spare.
    states : mapping of str to str
        Those whose words of state are coloured on a terminal, and the colour of cells without such a word.
    is_tight : bool
        Whether one blank stands between columns where two do not fit.
    headings : mapping of str to str
        The headings of columns that are not called as they are shown.
    """

    columns: Sequence[str]
    numbers: frozenset[str] = frozenset()
    spare: Sequence[Sequence[str]] = ()
    text: str = ""
    names: Sequence[str] = ()
    states: Mapping[str, str] = field(default_factory=dict)
    is_tight: bool = False
    headings: Mapping[str, str] = field(default_factory=dict)


def print_table(rows: Sequence[Mapping[str, Any]], layout: Layout) -> None:
    """Print rows under their headings; on a terminal what does not fit is left out, and named.

    Examples
    --------
    >>> print_table([{"model": "churn", "rows": 100}], Layout(("model", "rows"), frozenset({"rows"})))
    model  rows
    churn   100
    """
    cells = {name: [layout.headings.get(name, name), *(cell(row[name]) for row in rows)] for name in layout.columns}
    cells = {name: column for name, column in cells.items() if any(column[1:])}
    gap, missing = GAP, list[str]()
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
        if layout.is_tight and _excess(_widths(cells), width, GAP) > 0:
            gap = TIGHT_GAP
        cells, missing = _fitted(cells, layout, width, gap)
    for line in _lines(cells, layout, gap):
        click.echo(line)
    if missing:
        click.echo(f"left out or cut: {', '.join(missing)}; --json shows all")


def print_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print rows as CSV, of which a spreadsheet runs nothing.

    Examples
    --------
    >>> print_csv([{"model": "churn", "note": "=1+1"}], ["model", "note"])
    model,note
    churn,'=1+1
    """
    writer = csv.writer(sys.stdout)
    writer.writerow([csv_cell(name) for name in columns])
    writer.writerows([csv_cell(row[name]) for name in columns] for row in rows)


def cell(value: Any) -> str:
    r"""A value as a table shows it.

    Examples
    --------
    >>> cell(336776.0), cell(1234.56), cell(0.123456), cell(1.23e-9), cell(None), cell("a\nb")
    ('336,776', '1,235', '0.1235', '1.23e-09', '', 'a\\nb')
    """
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    # Names of classes and segments are a user's data, and a terminal obeys what it is sent.
    return visible(str(value))


def wrapped(text: str, width: int, indent: str = "  ") -> str:
    r"""A text in lines of a width at most, all but the first indented; wide characters count for two.

    Examples
    --------
    >>> wrapped("one two three", 8)
    'one two\n  three'
    """
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1].strip() else lines[-1] + word
        if cell_len(joined) <= width:
            lines[-1] = joined
            continue
        lines += [indent] if lines[-1].strip() else []
        for sign in word:
            if cell_len(lines[-1] + sign) > width:
                lines.append(indent)
            lines[-1] += sign
    return "\n".join(lines)


def echo_wrapped(text: str) -> None:
    """Print a text, on a terminal in lines of its width."""
    click.echo(wrapped(text, shutil.get_terminal_size().columns) if sys.stdout.isatty() else text)


Cells = dict[str, list[str]]


def _fitted(cells: Cells, layout: Layout, width: int, gap: str) -> tuple[Cells, list[str]]:
    """The columns that fit a width, and what was left out or cut for it."""
    missing: list[str] = []
    for names in layout.spare:
        if _excess(_narrowest(cells, layout), width, gap) <= 0:
            break
        missing += [name for name in names if name in cells]
        cells = {name: column for name, column in cells.items() if name not in names}
    widths = _narrowest(cells, layout)
    while (excess := _excess(widths, width, gap)) > 0 and (names := [n for n in layout.names if n in widths]):
        longest = max(names, key=widths.__getitem__)
        if widths[longest] <= FEWEST_OF_A_NAME:
            break
        # One cell at a time: where two are long, both keep as much as they can.
        widths[longest] -= 1
    if layout.text in widths:
        widths[layout.text] += max(-excess, 0)
    cut = {name: [_cut(text, widths[name]) for text in column] for name, column in cells.items()}
    return cut, missing + [name for name in cells if cut[name] != cells[name]]


def _narrowest(cells: Cells, layout: Layout) -> dict[str, int]:
    """The width of each column; of the text what is left of it at least."""
    widths = _widths(cells)
    if layout.text in widths:
        widths[layout.text] = min(widths[layout.text], FEWEST_OF_A_TEXT)
    return widths


def _excess(widths: Mapping[str, int], width: int, gap: str) -> int:
    return sum(widths.values()) + len(gap) * (len(widths) - 1) - width


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def _widths(cells: Cells) -> dict[str, int]:
    return {name: max(map(cell_len, column)) for name, column in cells.items()}


def _lines(cells: Cells, layout: Layout, gap: str) -> Iterable[str]:
    widths = _widths(cells)
    padded = [
        [_padded(text, widths[name], name in layout.numbers) for text in column] for name, column in cells.items()
    ]
    for name, column in zip(cells, padded, strict=True):
        if name in layout.states:
            column[1:] = [painted(text, colour_of(text) or layout.states[name]) for text in column[1:]]
    return (gap.join(line).rstrip() for line in zip(*padded, strict=True))


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(text))
    return space + text if right else text + space
