"""Colours on a terminal; a pipe, a file and a terminal with NO_COLOR stay plain."""

from __future__ import annotations

import os
import sys

import click

BAD, UNSURE, GOOD, FAINT = "red", "yellow", "green", "bright_black"

WORDS = {
    "failed": BAD,
    "interrupted": BAD,
    "rolled-back": BAD,
    "critical": BAD,
    "undecided": UNSURE,
    "findings": UNSURE,
    "warning": UNSURE,
    "vetoed": UNSURE,
    "waiting": UNSURE,
    "running": UNSURE,
    "rejected": UNSURE,
    "never run": FAINT,
    "no monitor here": FAINT,
    "passed": GOOD,
    "ok": GOOD,
    "succeeded": GOOD,
    "promoted": GOOD,
    "confirmed": GOOD,
    "completed": GOOD,
}
"""The colour of a word of state; a cell of several has that of the worst, which stands first."""


def _is_coloured() -> bool:
    """Whether what is printed to standard output may hold colours (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def colour_of(text: str) -> str:
    """The colour of a cell, by the first word of state in it; empty for none.

    Examples
    --------
    >>> colour_of("1 failed, 2 undecided"), colour_of("undecided"), colour_of("0.41")
    ('red', 'yellow', '')
    """
    return next((colour for word, colour in WORDS.items() if word in text), "")


def painted(text: str, colour: str = "") -> str:
    """A text in a colour, or in that of its words, where colours may be printed."""
    colour = colour or colour_of(text)
    return click.style(text, fg=colour) if colour and text.strip() and _is_coloured() else text
