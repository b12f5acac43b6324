"""Which rows of a sample are kept: decided by the row's id alone."""

from __future__ import annotations

import hashlib
from typing import Any

from lamplighter.errors import LamplighterError

_ALL = 1 << 64


def is_sampled(id: Any, share: float) -> bool:
    """Whether the row of an id belongs to a sample of so large a share of all ids.

    The same id is decided alike in every process, on every machine and in every version, so that a service, its
    labels and a repetition of either keep the same rows. A smaller sample lies within a larger one.

    Parameters
    ----------
    id : str, bytes, int, ... or tuple of them
        A number counts as the text of it.
    share : float
        From 0 (none) to 1 (all).

    Examples
    --------
    >>> [is_sampled(f"a{number}", 0.5) for number in range(6)]
    [True, False, False, True, False, False]
    >>> is_sampled(17, 0.5) == is_sampled("17", 0.5)
    True
    """
    digest = hashlib.blake2b(_text_of(id), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * _ALL


def checked_share(share: float, has_id: bool) -> float:
    """The share of a sample, or an error where it is none or no id decides."""
    if not 0 < share <= 1:
        raise LamplighterError(f"sample is {share}", fix="a share above 0 and at most 1 is right, such as 0.1")
    if share < 1 and not has_id:
        raise LamplighterError("a sample needs the column that identifies a row", fix="add id='request_id'")
    return share


def _text_of(id: Any) -> bytes:
    if isinstance(id, tuple):
        # Each part with its length, so that ("a", "bc") is not ("ab", "c").
        return b"".join(len(part).to_bytes(4, "big") + part for part in map(_text_of, id))
    return id if isinstance(id, bytes) else str(id).encode("utf-8", "surrogatepass")
