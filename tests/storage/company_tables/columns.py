"""Tables as companies name their columns, and what each column is.

A role is ``time``, ``id``, ``prediction``, ``score``, ``score:CLASS``, ``truth``, ``version``, ``feature`` or ``out``;
``a|b`` where either is right. Most have 400 rows over ten days.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

N = 400
Columns = dict[str, tuple[Any, str]]
Make = Callable[[], Columns]
RNG = np.random.default_rng(20260302)
"""Begun anew for each table by `made`."""


def times(n: int = N) -> pa.Array:
    return pa.array(pd.date_range("2026-03-02", periods=n, freq=pd.Timedelta(hours=240) / n, tz="UTC").as_unit("us"))


def ids(prefix: str = "r") -> list[str]:
    return [f"{prefix}{i:05d}" for i in range(N)]


def uuids() -> list[str]:
    return [str(uuid.UUID(int=int(i) * 7919 + 2**90)) for i in RNG.permutation(N)]


def share() -> np.ndarray:
    return RNG.random(N)


def number(low: float = 0, high: float = 100) -> np.ndarray:
    return RNG.uniform(low, high, N)


def whole(low: int, high: int) -> np.ndarray:
    return RNG.integers(low, high, N)


def pick(*values: Any) -> np.ndarray:
    return RNG.choice(np.array(values), N)


def noisy(flags: np.ndarray, rate: float = 0.15) -> np.ndarray:
    """Flags of which some are turned: a truth that the answer misses now and then."""
    return flags ^ (RNG.random(N) < rate)


def some(values: np.ndarray, rate: float = 0.3) -> pa.Array:
    """Values of which some have not arrived yet."""
    return pa.array(values, mask=RNG.random(N) < rate)


def simplex(k: int) -> np.ndarray:
    return RNG.dirichlet(np.ones(k), N)


def mixed_up(classes: np.ndarray, rate: float = 0.2) -> np.ndarray:
    other = RNG.permutation(classes)
    return np.where(RNG.random(N) < rate, other, classes)


def sentences(word: str) -> list[str]:
    words = np.array(["the", "order", "was", "sent", "late", "and", "arrived", "in", "two", "parts"])
    return [f"{word} {i}: " + " ".join(RNG.choice(words, 12)) for i in range(N)]


def lists() -> pa.Array:
    return pa.array([list(RNG.permutation(list("abcdefgh"))[:5]) for _ in range(N)])


def made(make: Make) -> Columns:
    """A table, with the same values whichever were made before it."""
    RNG.bit_generator.state = np.random.default_rng(zlib.crc32(make.__name__.encode())).bit_generator.state
    return make()
