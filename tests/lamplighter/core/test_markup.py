"""Signs that do something in a spreadsheet, in Markdown or on a terminal are shown instead."""

from __future__ import annotations

import csv
import html
import io
import re

import pytest

from lamplighter.core.markup import code, csv_cell, markdown
from lamplighter.errors import LamplighterError, visible


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-cmd", "'-cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", "' =1"),
        ("\t=1", "'\\t=1"),
        ("\r=1", "'\\r=1"),
        ("\n=1", "'\\n=1"),
        ("\uff1d1", "'\uff1d1"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("-1e", "'-1e"),
        ("a;=1+1", "a;'=1+1"),
        ("a; @x", "a; '@x"),
        ("-1", "-1"),
        ("+1.5", "+1.5"),
        ("-1e-5", "-1e-5"),
        ("a=b", "a=b"),
        ("a;-1", "a;-1"),
        ("größe", "größe"),
        ("", ""),
        (None, None),
        (-0.5, -0.5),
        (-3, -3),
    ],
)
def test_cells_of_csv(value: object, shown: object) -> None:
    assert csv_cell(value) == shown
    assert csv_cell(shown) == shown, "twice is once"


def test_a_written_file_has_no_line_that_begins_with_a_formula() -> None:
    names = ["=a", "b\n=c", "d\r\n@e", 'f",=g', "-h"]
    text = io.StringIO()
    csv.writer(text).writerow([csv_cell(name) for name in names])
    assert len(text.getvalue().splitlines()) == 1
    read = next(csv.reader(io.StringIO(text.getvalue())))
    assert len(read) == len(names)
    assert not [cell for cell in read if cell[:1] in "=@-+"]


def test_markdown_is_shown_and_not_obeyed() -> None:
    from markdown_it import MarkdownIt

    render = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render
    for text in (
        "a | b",
        "`code` and ``more``",
        "[x](http://evil.example)",
        "![x](http://evil.example)",
        "<script>alert(1)</script>",
        "<http://evil.example>",
        "&lt;b&gt;",
        "# heading",
        "- item",
        "1. item",
        "> quote",
        "*a* **b** ~~c~~",
        "back\\slash",
        "https://evil.example",
        "__index_level_0__",
        "_a_ b__ _c",
        "__",
        "größe_ _größe",
        "www.evil.example and me@evil.example",
    ):
        rendered = render(f"| x |\n|---|\n| {markdown(text)} |\n")
        assert rendered.count("<td") == 1
        shown = rendered.split("<td>")[1].split("</td>")[0]
        assert _unescaped(shown) == text
        line = render(markdown(text)).strip()
        assert _unescaped(line.removeprefix("<p>").removesuffix("</p>")) == text
        assert _unescaped(render(code(text)).strip().removeprefix("<p><code>").removesuffix("</code></p>")) == text


LINKS = [
    re.compile(r"(?:https?://|www(?=\.))[-.\w]+[^ \t\r\n]*", re.IGNORECASE),
    re.compile(r"(?:^|\s|[^\w\s])([-.\w+]+)@([-\w]+(?:\.[-\w]+)+)"),
    re.compile(r"(?:ftp|https?)://|www\."),
]
"""What remark-gfm (in Prefect's second UI) and marked (in its first) make links of."""


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/x",
        "see HTTP://evil.example",
        "(www.evil.example)",
        "ftp://evil.example",
        "a-me@evil.example",
        "mailto:me@evil.example",
        "me+x@evil.co.uk|www.x.y",
        "xmpp:a@b.c",
    ],
)
def test_nothing_becomes_a_link(text: str) -> None:
    written = markdown(text)
    for form in (written, html.unescape(written).replace("\\", "")):
        assert not [link.pattern for link in LINKS if link.search(form)]
    assert html.unescape(written).replace("\\", "").replace("\u200b", "") == text


def test_a_path_can_be_copied() -> None:
    assert markdown("s3://bucket/day=2026-03-01/a_b.parquet") == "s3://bucket/day=2026-03-01/a_b.parquet"


def _unescaped(html: str) -> str:
    assert "<" not in html
    html = html.replace("\u200b", "")
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        html = html.replace(entity, sign)
    return html


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("a\nb\rc\x00\x9b31m", "a\\nb\\rc\\x00\\x9b31m"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\ud800", "\\ud800"),
        ("größe 灯 ✓", "größe 灯 ✓"),
    ],
)
def test_what_a_terminal_would_obey_is_shown(text: str, shown: str) -> None:
    assert visible(text) == str(LamplighterError(text)) == shown
