"""Where the file of an image lies."""

from __future__ import annotations

import os
from pathlib import Path


def located(folder: Path, path: str) -> str | None:
    """Where an image lies; None where its path leads out of the folder, so that no log has other files read.

    Examples
    --------
    >>> located(Path("/data/images"), "north/1.jpg"), located(Path("/data/images"), "../../etc/passwd")
    ('/data/images/north/1.jpg', None)
    """
    root = os.path.normpath(folder)
    found = os.path.normpath(os.path.join(root, path))
    return found if found.startswith(root.rstrip(os.sep) + os.sep) else None
