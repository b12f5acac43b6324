"""Pictures below a report: Evidently's widgets show none, so they stand in the page itself."""

from __future__ import annotations

import html
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

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
    """A page with pictures at its end, inside of it, so that it still opens without a network.

    Examples
    --------
    >>> page = with_sheets("<body>numbers</body>", [Sheet("dusk & dawn", b"jpeg")])
    >>> page.startswith("<body>numbers<figure"), "dusk &amp; dawn" in page, page.endswith("</figure></body>")
    (True, True, True)
    """
    drawn = "".join(
        f'<figure style="{STYLE}"><figcaption>{html.escape(sheet.text)}</figcaption>'
        f'<img style="max-width: 100%; margin-top: 8px" alt="{html.escape(sheet.text)}" '
        f'src="data:image/jpeg;base64,{b64encode(sheet.jpeg).decode()}"></figure>'
        for sheet in sheets
    )
    before, end, after = page.rpartition("</body>")
    return f"{before}{drawn}{end}{after}"
