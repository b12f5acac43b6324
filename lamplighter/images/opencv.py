"""OpenCV, which is an extra: imported when the first image is looked at."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from lamplighter.errors import LamplighterError


@cache
def opencv() -> Any:
    """The module ``cv2``.

    Raises
    ------
    LamplighterError
        Where it is not installed.
    """
    try:
        return importlib.import_module("cv2")
    except ImportError as error:
        raise LamplighterError(
            f"OpenCV cannot be imported: {error}", where="images", fix="run `pip install 'lamplighter[images]'`"
        ) from None
