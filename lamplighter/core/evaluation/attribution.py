"""Where a fall of recall lies: in images that are unlike those of the reference, or in images like them.

Each labelled object of the window was expected to be found as often as one of the reference. What is missing from that
is the loss, and it adds up over images: so a share of it lies in the images beyond a percentile of the reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np

from lamplighter.core.quality.arrays import Bools, Floats, divide

TAIL = 0.01
"""Beyond which share of the reference's images an image is unlike them."""

RESAMPLES = 400
"""Enough that a bound at 95 % moves by a tenth of the interval with another seed."""

SEED = 0

FEWEST_IMAGES = 20
"""Images with objects below which nothing is said: of a window, of a side of a bound, and of the model by those that
are like the reference's."""

MOST_CELLS = 1_000_000
"""Counts of resamples that are held at a time."""

ALL, LIKE, OUTSIDE = 0, 1, 2
"""Parts of the images: all, those like the reference's, and from there on those beyond each bound."""

LEAST_FALL = 0.05
"""By how much recall must surely have fallen: days differ by more than their images do, so that intervals over images
alone would name one ordinary day in forty."""

MOST_OF_IT = 0.5
"""Which share of a loss must surely lie somewhere before that place is named."""

NEAR = 0.1
"""How far a share may lie below the largest one so that an earlier statistic is named: darkness brings noise along."""


class Verdict(StrEnum):
    """What a fall of recall is laid to."""

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

    @property
    def is_measured(self) -> bool:
        """Whether a statistic of any image is known."""
        return any(np.isfinite(values).any() for values in self.statistics.values())


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
    images : int
        Those beyond the bound.
    """

    side: Side
    bound: float
    value: float
    lower: float
    upper: float
    images: int


@dataclass(frozen=True, slots=True)
class Alike:
    """The images of a window beside those of the reference; those without an object are left out.

    Attributes
    ----------
    images, like, unmeasured : int
        All of the window, those within all bounds of the reference, and those of which no statistic is known.
    reference : int
        Images of the reference within its own bounds; 0 where no statistic could be compared.
    recall : float
        Of the images that are like the reference's; NaN without one.
    """

    images: int
    like: int
    unmeasured: int
    reference: int
    recall: float

    @property
    def are_enough(self) -> bool:
        """Whether enough images are alike on both sides to say something of the model."""
        return min(self.like, self.reference) >= FEWEST_IMAGES


@dataclass(frozen=True, slots=True)
class Attribution:
    """What a fall of recall is laid to.

    Attributes
    ----------
    before, now : float
        Recall in the reference and in the window.
    shares : tuple of Share
        Of the sides beyond which the window has enough images, the largest first.
    alike : Alike
    verdict : Verdict
    named : Share or None
        The side that is named as the cause; None unless the data are it.
    """

    before: float
    now: float
    shares: tuple[Share, ...]
    alike: Alike
    verdict: Verdict
    named: Share | None

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        fell = f"recall fell from {self.before:.2f} in the reference to {self.now:.2f}"
        if self.verdict is Verdict.MODEL:
            return f"{fell}, in images like the reference's too: look at the model"
        if self.named is None:
            return f"{fell}; it is not sure whether the data or the model is the cause: {_unsure(self.alike)}"
        share = self.named
        where = f"images {share.side.words} than 99 % of the reference's ({share.side.statistic} {_bounded(share)})"
        spread = f"{_percent(share.lower)} to {_percent(share.upper)}"
        left = "" if self.alike.are_enough else "; too few other images are left to look at the model"
        what = f"{_percent(share.value)} of the loss ({spread}) lies in {share.images} {where}"
        return f"{fell}; {what}: the data changed{left}"


def attribute(reference: Detected, current: Detected) -> Attribution | None:
    """Find out where a fall of recall lies.

    Parameters
    ----------
    reference, current : Detected
        Images that have labels; those without an object count for nothing.

    Returns
    -------
    Attribution or None
        None where recall did not surely fall, or too few images have an object to be sure of anything. Intervals are
        percentiles of a bootstrap over the images of both, with a fixed seed (Efron and Tibshirani 1993, section 13.3).

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
    if not reference.objects.sum() or not current.objects.sum():
        raise ValueError("recall needs a labelled object on both sides")
    if min(np.count_nonzero(it.objects) for it in (reference, current)) < FEWEST_IMAGES:
        return None
    bounds = [*_bounds(reference, current)]
    like_before, like = _like(reference, bounds), _like(current, bounds)
    outside = [_is_beyond(current, side, bound) for side, bound in bounds]
    random = np.random.default_rng(SEED)
    sums = _Sums(resampled(reference, [like_before], random), resampled(current, [like, *outside], random))
    if _lower(sums.falls) <= LEAST_FALL:
        return None
    before, now = _recalls(sums.before), _recalls(sums.now)
    shares = [
        Share(side, bound, *sums.share(OUTSIDE + i), int(beyond.sum()))
        for i, ((side, bound), beyond) in enumerate(zip(bounds, outside, strict=True))
        if (beyond & (current.objects > 0)).sum() >= FEWEST_IMAGES
    ]
    alike = _alike(like_before & (reference.objects > 0), like, current, float(now[0, LIKE]))
    # Where images like the reference's lost as much as all did, nothing that tells the others from them explains it.
    if alike.are_enough and _lower(sums.falls_of_like - MOST_OF_IT * sums.falls) > 0:
        verdict, named = Verdict.MODEL, None
    else:
        named = _named(shares)
        verdict = Verdict.DATA if named else Verdict.UNDECIDED
    ordered = tuple(sorted(shares, key=lambda share: -share.value))
    return Attribution(float(before[0, ALL]), float(now[0, ALL]), ordered, alike, verdict, named)


def resampled(images: Detected, parts: Sequence[Bools], random: np.random.Generator) -> Floats:
    """Objects found and labelled in some images and in parts of them, and in each resample of them.

    Images that count alike are drawn together: how often each kind of them comes is multinomial. It is the bootstrap
    over images, in the memory of their kinds.

    Parameters
    ----------
    images : Detected
    parts : sequence of array of shape (n_images,)
    random : Generator

    Returns
    -------
    array of shape (1 + RESAMPLES, 1 + n_parts, 2)
        The images as they are come first, and so does the whole of them.

    Examples
    --------
    >>> images = Detected(np.array([1.0, 0.0, 2.0]), np.array([2.0, 2.0, 2.0]), {})
    >>> resampled(images, [np.array([True, True, False])], np.random.default_rng(0))[0]
    array([[3., 6.],
           [1., 4.]])
    """
    many = len(images.found)
    kind = images.objects.astype(np.int64) * int(images.found.max() + 1) + images.found.astype(np.int64)
    for part in parts:
        kind = 2 * kind + part
    _, first, counts = np.unique(kind, return_index=True, return_counts=True)
    is_in = np.array([np.ones(len(first), bool), *(part[first] for part in parts)])
    cells = np.stack([images.found[first], images.objects[first]])
    table = (is_in[:, None, :] * cells).reshape(-1, len(first)).T
    batch = max(1, MOST_CELLS // len(first))
    sizes = (min(batch, RESAMPLES - begin) for begin in range(0, RESAMPLES, batch))
    drawn = (random.multinomial(many, counts / many, size=size) @ table for size in sizes)
    return np.concatenate([counts[None] @ table, *drawn]).reshape(1 + RESAMPLES, len(is_in), 2)


def _recalls(sums: Floats) -> Floats:
    return divide(sums[..., 0], sums[..., 1])


@dataclass(frozen=True, eq=False)
class _Sums:
    """What `resampled` came to: of the reference for all images and those like it, of the window by side as well."""

    before: Floats
    now: Floats

    @property
    def falls(self) -> Floats:
        return self._falls(ALL)

    @property
    def falls_of_like(self) -> Floats:
        return self._falls(LIKE)

    def _falls(self, part: int) -> Floats:
        falls: Floats = _recalls(self.before)[:, part] - _recalls(self.now)[:, part]
        return falls

    def share(self, part: int) -> tuple[float, float, float]:
        """The share of the missing objects that lies in a part, with its interval; NaN where none is missing."""
        missing = _recalls(self.before)[:, [ALL]] * self.now[..., 1] - self.now[..., 0]
        total = np.where(missing[:, ALL] > 0, missing[:, ALL], np.nan)
        shares = missing[:, part] / total
        lower, upper = _percentiles(shares[1:], [2.5, 97.5])
        return float(shares[0]), lower, upper


def _percentiles(values: Floats, percents: Sequence[float]) -> list[float]:
    known = values[np.isfinite(values)]
    return np.percentile(known, percents).tolist() if known.size else [float("nan")] * len(percents)


def _lower(drawn: Floats) -> float:
    """The lower bound of an interval, of the images as they are and their resamples."""
    return _percentiles(drawn[1:], [2.5])[0]


def _bounds(reference: Detected, current: Detected) -> Iterable[tuple[Side, float]]:
    """Beyond what an image is unlike the reference, by each statistic that both have."""
    for side in SIDES:
        values = _values(reference, side)
        known = values[np.isfinite(values)]
        if len(known) >= FEWEST_IMAGES and np.isfinite(_values(current, side)).any():
            yield side, float(np.quantile(known, TAIL if side.beyond == "below" else 1 - TAIL))


def _values(images: Detected, side: Side) -> Floats:
    return images.statistics.get(side.statistic, np.full(len(images.found), np.nan))


def _is_beyond(images: Detected, side: Side, bound: float) -> Bools:
    # NaN is on neither side.
    values = _values(images, side)
    beyond: Bools = values < bound if side.beyond == "below" else values > bound
    return beyond


def _like(images: Detected, bounds: Sequence[tuple[Side, float]]) -> Bools:
    """Which images are surely like the reference's: measured, and beyond no bound. Without any bound none is."""
    like = np.full(len(images.found), bool(bounds))
    for side, bound in bounds:
        like &= np.isfinite(_values(images, side)) & ~_is_beyond(images, side, bound)
    return like


def _alike(like_before: Bools, like: Bools, current: Detected, recall: float) -> Alike:
    counts = current.objects > 0
    # An image of one colour has a brightness, and no sharpness.
    unmeasured = ~np.any([np.isfinite(_values(current, side)) for side in SIDES], axis=0)
    images, alike, without = (int((it & counts).sum()) for it in (counts, like, unmeasured))
    return Alike(images, alike, without, int(like_before.sum()), recall)


def _named(shares: Sequence[Share]) -> Share | None:
    """The side in which most of the loss surely lies: the first in the order of causes of those with about as much."""
    likely = [share for share in shares if share.lower > MOST_OF_IT]
    largest = max((share.value for share in likely), default=0.0)
    return next((share for share in likely if share.value >= largest - NEAR), None)


def _unsure(alike: Alike) -> str:
    """Why neither is named, and where to look."""
    if alike.unmeasured == alike.images:
        return f"none of the {alike.images} images with objects could be measured"
    if not alike.reference:
        return f"fewer than {FEWEST_IMAGES} images of the reference could be measured"
    recall = f" (recall {alike.recall:.2f})" if alike.like else ""
    parts = [f"{alike.like} are like the reference's{recall}"]
    parts += [f"{alike.images - alike.like - alike.unmeasured} are unlike them"]
    parts += [f"{alike.unmeasured} could not be measured"] if alike.unmeasured else []
    return f"of {alike.images} images with objects {', '.join(parts)}; look at those in which most objects were missed"


def _bounded(share: Share) -> str:
    sign = "<" if share.side.beyond == "below" else ">"
    return f"{sign} {share.bound:.3g}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
