"""Names of a user's data in Markdown and in spreadsheets, where some signs do something instead of being shown."""

from __future__ import annotations

import re

from lamplighter.errors import visible

MARKDOWN = re.compile(r"[\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_])")
"""Signs that mean something; within a word `_` means nothing."""

LINK = re.compile(r"\b(?:https?|ftp):(?=//)|\bwww(?=\.)|(?<=[\w.+-])@(?=[\w-]+\.)", re.IGNORECASE)
"""Where GitHub's Markdown makes a link of a text, or of a mail address, that was not marked as one."""

APART = "\u200b"
"""A space without width. An entity would not do: React's Markdown looks for links when it has read them."""
BEGINNING = re.compile(r"^(\s*)([#>+=-]|\d+[.)])")
HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
FORMULA = re.compile(r"^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]")
"""How a cell begins that a spreadsheet computes, in letters of full width too."""

AFTER_SEPARATOR = re.compile(r"(;\s*)(?=[=@]|[+-]\D)")
"""Where a spreadsheet of a country that writes 0,5 begins another cell."""


def markdown(text: str) -> str:
    r"""A text as Markdown that shows it as it is, in a line or in the cell of a table.

    Examples
    --------
    >>> print(markdown("a|b `c` [d](http://e) <script>").replace(APART, "\\u200b"))
    a\|b \`c\` \[d\](http:\u200b//e) &lt;script&gt;
    >>> markdown("roc_auc of a-b"), markdown("__x__"), markdown("# x\ny")
    ('roc_auc of a-b', '\\_\\_x\\_\\_', '\\# x\\\\ny')
    """
    if NUMBER.fullmatch(text):
        return text
    shown = MARKDOWN.sub(lambda match: f"\\{match[0]}", visible(text))
    for sign, entity in HTML.items():
        shown = shown.replace(sign, entity)
    # A URL would become a link that another person chose.
    return LINK.sub(lambda match: match[0] + APART, BEGINNING.sub(_escaped, shown))


def _escaped(match: re.Match[str]) -> str:
    blank, sign = match.groups()
    return f"{blank}{sign[:-1]}\\{sign[-1]}"


def code(text: str) -> str:
    """A text as a span of code in Markdown.

    Examples
    --------
    >>> code("f1-below"), code("a`b")
    ('`f1-below`', '`` a`b ``')
    """
    shown = visible(text)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    return f"{'`' * (longest + 1)} {shown} {'`' * (longest + 1)}" if longest else f"`{shown}`"


def csv_cell(value: object) -> object:
    r"""A value as the cell of a CSV file, of which a spreadsheet makes no formula; numbers stay numbers.

    Examples
    --------
    >>> csv_cell("=HYPERLINK(1)"), csv_cell("-1"), csv_cell("-1+cmd"), csv_cell(-0.5), csv_cell("a\tb")
    ("'=HYPERLINK(1)", '-1', "'-1+cmd", -0.5, 'a\\tb')
    """
    if not isinstance(value, str):
        return value
    begins = FORMULA.match(value) or value[:1] in ("\t", "\r", "\n")
    shown = f"'{visible(value)}" if begins and not NUMBER.fullmatch(value) else visible(value)
    return AFTER_SEPARATOR.sub(r"\1'", shown)
