"""Pictures above a report: Evidently's widgets show none, so they stand in the page itself."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

BODY = re.compile(r"<body[^>]*>")

STYLE = "margin: 24px; font-family: Roboto, sans-serif; font-size: 14px; color: #333"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A picture, and the sentence above it.

    Attributes
    ----------
    text : str
    jpeg : bytes
    """

    text: str
    jpeg: bytes


def with_sheets(page: str, sheets: Sequence[Sheet]) -> str:
    """A page that begins with pictures, inside of it, so that it still opens without a network.

    Examples
    --------
    >>> page = with_sheets("<body>numbers</body>", [Sheet("dusk & dawn", b"jpeg")])
    >>> page.startswith("<body><figure"), "dusk &amp; dawn" in page, page.endswith("</figure>numbers</body>")
    (True, True, True)
    """
    drawn = "".join(
        f'<figure style="{STYLE}"><figcaption>{html.escape(sheet.text)}</figcaption>'
        f'<img style="width: 100%; max-width: 940px; margin-top: 8px" alt="{html.escape(sheet.text)}" '
        f'src="data:image/jpeg;base64,{b64encode(sheet.jpeg).decode()}"></figure>'
        for sheet in sheets
    )
    begun = BODY.search(page)
    end = begun.end() if begun else 0
    return f"{page[:end]}{drawn}{page[end:]}"
