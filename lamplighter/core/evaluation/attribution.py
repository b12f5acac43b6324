"""Where a fall of recall lies: in images that are unlike those of the reference, or in images like them.

Each labelled object of the window was expected to be found as often as one of the reference. What is missing from that
is the loss, and it adds up over images: so a share of it lies in the images beyond a percentile of the reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np

from lamplighter.core.quality.arrays import Bools, Floats

TAIL = 0.01
"""Beyond which share of the reference's images an image is unlike them."""

RESAMPLES = 400
"""Enough that a bound at 95 % moves by a tenth of the interval with another seed."""

SEED = 0

FEWEST_IMAGES = 20
"""Images on either side of a bound below which nothing is said of that side."""

LEAST_FALL = 0.05
"""By how much recall must surely have fallen: days differ by more than their images do, so that intervals over images
alone would name one ordinary day in forty."""

MOST_OF_IT = 0.5
"""Which share of a loss must surely lie somewhere before that place is named."""

NEAR = 0.1
"""How far a share may lie below the largest one so that an earlier statistic is named: darkness brings noise along."""


class Verdict(StrEnum):
    """What a fall of recall is laid to."""

    NO_FALL = "no fall"
    DATA = "data"
    MODEL = "model"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Side:
    """On which side of the reference images are unlike it.

    Attributes
    ----------
    statistic : str
        A column of `lamplighter.core.records.image_statistics`.
    beyond : {"below", "above"}
    words : str
        What such images are, for people.
    """

    statistic: str
    beyond: Literal["below", "above"]
    words: str


SIDES = (
    Side("image_brightness", "below", "darker"),
    Side("image_brightness", "above", "brighter"),
    Side("image_sharpness", "below", "more blurred"),
    Side("image_opaque_ratio", "above", "more covered"),
    Side("image_transparent_ratio", "above", "more smeared"),
    Side("image_noise", "above", "noisier"),
)
"""In the order of causes: noise comes last, because a camera amplifies it where light is missing."""


@dataclass(frozen=True, eq=False)
class Detected:
    """What was found in some images.

    Attributes
    ----------
    found, objects : array of shape (n_images,)
        Labelled objects that were found, and all labelled objects.
    statistics : mapping of str to array of shape (n_images,)
        NaN where an image could not be measured.
    """

    found: Floats
    objects: Floats
    statistics: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a loss lies in the images on one side of the reference.

    Attributes
    ----------
    side : Side
    bound : float
        The percentile of the reference that they lie beyond.
    value, lower, upper : float
        Share of the loss, with its 95 % interval; above 1 where the other images gained.
    images, within : int
        Those beyond the bound, and the others.
    within_before, within_now : float
        Recall of the images within the bound, in the reference and in the window; NaN without such objects.
    """

    side: Side
    bound: float
    value: float
    lower: float
    upper: float
    images: int
    within: int
    within_before: float
    within_now: float


@dataclass(frozen=True, slots=True)
class Attribution:
    """What a fall of recall is laid to.

    Attributes
    ----------
    before, now : float
        Recall in the reference and in the window.
    fall, lower, upper : float
        Its fall, with its 95 % interval.
    shares : tuple of Share
        Of the sides beyond which the window has enough images, the largest first.
    verdict : Verdict
    named : Share or None
        The side that is named as the cause; of a model's fault None.
    """

    before: float
    now: float
    fall: float
    lower: float
    upper: float
    shares: tuple[Share, ...]
    verdict: Verdict
    named: Share | None

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        if self.verdict is Verdict.NO_FALL:
            return f"recall did not surely fall by {LEAST_FALL}: {self.now:.2f}, and {self.before:.2f} in the reference"
        fell = f"recall fell from {self.before:.2f} in the reference to {self.now:.2f}"
        if self.verdict is Verdict.MODEL:
            return f"{fell}, in images like the reference's too: look at the model"
        if self.named is None:
            return f"{fell}; the images do not show why"
        share = self.named
        where = f"images {share.side.words} than 99 % of the reference's ({share.side.statistic} {_bounded(share)})"
        spread = f"{_percent(share.lower)} to {_percent(share.upper)}"
        left = "" if share.within >= FEWEST_IMAGES else "; too few other images are left to look at the model"
        what = f"{_percent(share.value)} of the loss ({spread}) lies in {share.images} {where}"
        return f"{fell}; {what}: the data changed{left}"


def attribute(reference: Detected, current: Detected) -> Attribution:
    """Find out where a fall of recall lies.

    Parameters
    ----------
    reference, current : Detected
        Images that have labels; those without an object count for nothing.

    Returns
    -------
    Attribution
        Intervals are percentiles of a bootstrap over the images of both, with a fixed seed (Efron and Tibshirani
        1993, section 13.3).

    Raises
    ------
    ValueError
        If either has no labelled object.

    Examples
    --------
    >>> light = {"image_brightness": np.linspace(0.4, 0.6, 100)}
    >>> before = Detected(np.full(100, 9.0), np.full(100, 10.0), light)
    >>> dusk = {"image_brightness": np.r_[np.linspace(0.4, 0.6, 50), np.full(50, 0.1)]}
    >>> now = Detected(np.r_[np.full(50, 9.0), np.full(50, 1.0)], np.full(100, 10.0), dusk)
    >>> found = attribute(before, now)
    >>> found.verdict.value, found.named.side.words, round(found.named.value, 2)
    ('data', 'darker', 1.0)
    """
    before, now = _recall(reference.found, reference.objects), _recall(current.found, current.objects)
    if np.isnan(before) or np.isnan(now):
        raise ValueError("recall needs a labelled object on both sides")
    draws = list(_draws(reference, current))
    falls = np.array([_fall(reference, current, *rows) for rows in draws])
    lower, upper = np.nanpercentile(falls, [2.5, 97.5])
    shares = tuple(sorted(_shares(reference, current, draws), key=lambda share: -share.value))
    verdict, named = (Verdict.NO_FALL, None) if lower <= LEAST_FALL else _verdict(reference, current, shares, draws)
    return Attribution(before, now, before - now, float(lower), float(upper), shares, verdict, named)


Rows = tuple[np.ndarray, np.ndarray]


def _draws(reference: Detected, current: Detected) -> Iterable[Rows]:
    random = np.random.default_rng(SEED)
    sizes = len(reference.found), len(current.found)
    for _ in range(RESAMPLES):
        yield random.integers(0, sizes[0], sizes[0]), random.integers(0, sizes[1], sizes[1])


def _recall(found: Floats, objects: Floats) -> float:
    return float(found.sum() / objects.sum()) if objects.sum() else float("nan")


def _fall(reference: Detected, current: Detected, before: np.ndarray, now: np.ndarray) -> float:
    return _recall(reference.found[before], reference.objects[before]) - _recall(
        current.found[now], current.objects[now]
    )


def _shares(reference: Detected, current: Detected, draws: list[Rows]) -> Iterable[Share]:
    for side in SIDES:
        before, now = (it.statistics.get(side.statistic) for it in (reference, current))
        if before is None or now is None or np.isfinite(before).sum() < FEWEST_IMAGES:
            continue
        bound = _bound(before, side)
        outside = _is_beyond(now, bound, side)
        if outside.sum() < FEWEST_IMAGES:
            continue
        drawn = [_share(reference, current, outside, *rows) for rows in draws]
        # Where no draw lacks an object there is no share.
        lower, upper = np.nanpercentile(drawn, [2.5, 97.5]) if np.isfinite(drawn).any() else (np.nan, np.nan)
        every = np.arange(len(reference.found)), np.arange(len(current.found))
        inside_before, inside = ~_is_beyond(before, bound, side), ~outside
        yield Share(
            side,
            bound,
            _share(reference, current, outside, *every),
            float(lower),
            float(upper),
            int(outside.sum()),
            int(inside.sum()),
            _recall(reference.found[inside_before], reference.objects[inside_before]),
            _recall(current.found[inside], current.objects[inside]),
        )


def _bound(values: Floats, side: Side) -> float:
    known = values[np.isfinite(values)]
    return float(np.quantile(known, TAIL if side.beyond == "below" else 1 - TAIL))


def _is_beyond(values: Floats, bound: float, side: Side) -> Bools:
    # NaN is on neither side.
    beyond: Bools = values < bound if side.beyond == "below" else values > bound
    return beyond


def _share(reference: Detected, current: Detected, outside: Bools, before: np.ndarray, now: np.ndarray) -> float:
    """The share of the missing objects that lies in the images outside; NaN where none is missing."""
    expected = _recall(reference.found[before], reference.objects[before])
    missing = expected * current.objects[now] - current.found[now]
    total = missing.sum()
    return float(missing[outside[now]].sum() / total) if total > 0 else float("nan")


def _verdict(
    reference: Detected, current: Detected, shares: tuple[Share, ...], draws: list[Rows]
) -> tuple[Verdict, Share | None]:
    likely = [share for share in shares if share.lower > MOST_OF_IT]
    if likely:
        largest = max(share.value for share in likely)
        order = [side for side in SIDES if any(it.side == side and it.value >= largest - NEAR for it in likely)]
        named = next(share for share in likely if share.side == order[0])
        if _fell_within(reference, current, named, draws):
            return Verdict.MODEL, None
        return Verdict.DATA, named
    unlike = np.zeros(len(current.found), bool)
    for share in shares:
        unlike |= _is_beyond(current.statistics[share.side.statistic], share.bound, share.side)
    drawn = [1 - _share(reference, current, unlike, *rows) for rows in draws]
    return (Verdict.MODEL if np.nanpercentile(drawn, 2.5) > MOST_OF_IT else Verdict.UNDECIDED), None


def _fell_within(reference: Detected, current: Detected, share: Share, draws: list[Rows]) -> bool:
    """Whether the images within the bound lost as much as the loss of all, so that the bound explains nothing."""
    side, bound = share.side, share.bound
    within_before = ~_is_beyond(reference.statistics[side.statistic], bound, side)
    within = ~_is_beyond(current.statistics[side.statistic], bound, side)
    if within.sum() < FEWEST_IMAGES:
        return False
    falls = []
    for before, now in draws:
        here = _recall(reference.found[before][within_before[before]], reference.objects[before][within_before[before]])
        there = _recall(current.found[now][within[now]], current.objects[now][within[now]])
        falls.append((here - there) - MOST_OF_IT * _fall(reference, current, before, now))
    return bool(np.nanpercentile(falls, 2.5) > 0)


def _bounded(share: Share) -> str:
    sign = "<" if share.side.beyond == "below" else ">"
    return f"{sign} {share.bound:.3g}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
