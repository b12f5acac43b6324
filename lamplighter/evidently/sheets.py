"""Pictures above a report: Evidently's widgets show none, so they stand in the page itself."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lamplighter.images.pictures import Line

BODY = re.compile(r"<body[^>]*>")

STYLE = """<style>
.lamplighter-sheet { margin: 24px; font: 14px/1.5 Roboto, sans-serif }
.lamplighter-sheet h2 { margin: 0 0 4px; font-size: 18px; font-weight: 500 }
.lamplighter-sheet p { margin: 0 0 4px; max-width: 75em }
.lamplighter-sheet .key { display: flex; flex-wrap: wrap; gap: 4px 24px; margin: 8px 0 }
.lamplighter-sheet .key span { display: flex; align-items: center; gap: 8px }
.lamplighter-sheet .key i { width: 28px; height: 16px; flex: none; box-sizing: border-box }
.lamplighter-sheet .pictures { display: grid; gap: 16px; margin-top: 8px }
.lamplighter-sheet figure { margin: 0; min-width: 0 }
.lamplighter-sheet img { display: block; width: 100%; max-height: 480px; object-fit: contain; background: #8884 }
.lamplighter-sheet figcaption { margin-top: 4px; overflow-wrap: anywhere }
.lamplighter-sheet small { display: block; font-size: 12px; opacity: 0.75 }
</style>"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture, and what stands below it.

    Attributes
    ----------
    jpeg : bytes
    caption : str
    detail : str
        A second line, in small letters.
    """

    jpeg: bytes
    caption: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """What a line in the pictures means.

    Attributes
    ----------
    text : str
    line : Line
    """

    text: str
    line: Line


@dataclass(frozen=True, slots=True)
class Sheet:
    """Some pictures side by side, and what is said above them.

    Attributes
    ----------
    title : str
    lines : sequence of str
    pictures : sequence of Shown
        There may be none.
    keys : sequence of Key
    width : int
        What a picture has at least, in pixels of the page; a narrow page has fewer of them in a row.
    """

    title: str
    lines: Sequence[str] = ()
    pictures: Sequence[Shown] = ()
    keys: Sequence[Key] = ()
    width: int = 180


def with_sheets(page: str, sheets: Sequence[Sheet]) -> str:
    """A page that begins with pictures, inside of it, so that it still opens without a network.

    Examples
    --------
    >>> page = with_sheets("<body>numbers</body>", [Sheet("dusk & dawn", pictures=[Shown(b"jpeg", "17:20")])])
    >>> page.startswith("<body><style>"), "dusk &amp; dawn" in page, page.endswith("</section>numbers</body>")
    (True, True, True)
    """
    if not sheets:
        return page
    begun = BODY.search(page)
    end = begun.end() if begun else 0
    return f"{page[:end]}{STYLE}{''.join(map(_section, sheets))}{page[end:]}"


def _section(sheet: Sheet) -> str:
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in sheet.lines)
    keys = "".join(map(_key, sheet.keys))
    pictures = "".join(map(_figure, sheet.pictures))
    grid = f"grid-template-columns: repeat(auto-fill, minmax(min({sheet.width}px, 100%), 1fr))"
    return (
        f'<section class="lamplighter-sheet"><h2>{html.escape(sheet.title)}</h2>{lines}'
        + (f'<div class="key">{keys}</div>' if keys else "")
        + (f'<div class="pictures" style="{grid}">{pictures}</div>' if pictures else "")
        + "</section>"
    )


def _key(key: Key) -> str:
    line = key.line
    colour, form = ",".join(map(str, line.colour)), "dashed" if line.dashed else "solid"
    return f'<span><i style="border: {line.width}px {form} rgb({colour})"></i>{html.escape(key.text)}</span>'


def _figure(shown: Shown) -> str:
    caption, detail = html.escape(shown.caption), html.escape(shown.detail)
    small = f"<small>{detail}</small>" if detail else ""
    source = f"data:image/jpeg;base64,{b64encode(shown.jpeg).decode()}"
    return f'<figure><img alt="{caption}" src="{source}"><figcaption>{caption}{small}</figcaption></figure>'
