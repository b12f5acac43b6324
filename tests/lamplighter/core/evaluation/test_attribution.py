"""Where a fall of recall lies: in worlds of which it is known, each with several seeds."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from lamplighter.core.evaluation.attribution import RESAMPLES, Attribution, Detected, Verdict, attribute, resampled

SEEDS = range(5)


class World:
    """Images of a camera: light, what a dark image costs, and what a model finds."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def images(
        self,
        count: int = 400,
        *,
        dark: float = 0.0,
        found: float = 0.9,
        found_dark: float = 0.2,
        lamps: bool = False,
        dirty: float = 0.0,
    ) -> Detected:
        """Some images, of which a share is dark; a dark one is noisy too, and found_dark of its objects are found.

        The first of them are of a camera whose lens is dirty.
        """
        is_dark = self.random.random(count) < dark
        brightness = np.where(is_dark, self.random.uniform(0.05, 0.15, count), self.random.uniform(0.4, 0.6, count))
        noise = np.where(is_dark, 0.05, 0.005) * self.random.uniform(0.8, 1.2, count)
        sharpness = self.random.uniform(0.8, 1.2, count)
        objects = self.random.poisson(6, count)
        chance = np.where(is_dark & (not lamps), found_dark, found)
        is_dirty = np.arange(count) < dirty * count
        chance = np.where(is_dirty, found_dark, chance)
        smeared = np.where(is_dirty, 0.3, self.random.uniform(0, 0.05, count))
        statistics = {
            "image_brightness": brightness,
            "image_noise": noise,
            "image_sharpness": sharpness,
            "image_transparent_ratio": smeared,
        }
        hits = self.random.binomial(objects, chance)
        return Detected(hits.astype(float), objects.astype(float), statistics)


def sure(found: Attribution | None) -> Attribution:
    assert found is not None, "recall fell"
    return found


def found_in(seed: int, **current: object) -> Attribution | None:
    world = World(seed)
    return attribute(world.images(1500), world.images(**current))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", SEEDS)
def test_dusk_is_named_with_almost_all_of_the_loss(seed: int) -> None:
    found = sure(found_in(seed, dark=0.5))
    assert found.verdict is Verdict.DATA
    assert found.named is not None
    assert (found.named.side.statistic, found.named.side.words) == ("image_brightness", "darker")
    assert found.named.lower > 0.8
    assert found.alike.recall == pytest.approx(0.9, abs=0.05)
    assert "of the loss" in found.sentence
    assert "darker than 99 % of the reference's" in found.sentence


@pytest.mark.parametrize("seed", SEEDS)
def test_dusk_under_good_lamps_claims_no_loss(seed: int) -> None:
    assert found_in(seed, dark=0.5, lamps=True) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_broken_weights_by_day_are_the_model(seed: int) -> None:
    found = sure(found_in(seed, found=0.4))
    assert (found.verdict, found.named) == (Verdict.MODEL, None)
    assert "look at the model" in found.sentence


@pytest.mark.parametrize("dark", [0.6, 0.03])
@pytest.mark.parametrize("seed", SEEDS)
def test_broken_weights_are_the_model_at_dusk_too(seed: int, dark: float) -> None:
    found = sure(found_in(seed, dark=dark, found=0.4, found_dark=0.3))
    assert (found.verdict, found.named) == (Verdict.MODEL, None)


@pytest.mark.parametrize("seed", SEEDS)
def test_dirt_on_one_camera_is_laid_to_its_images(seed: int) -> None:
    found = sure(found_in(seed, dirty=0.25))
    assert found.named is not None
    assert (found.verdict, found.named.side.words, found.named.images // 10) == (Verdict.DATA, "more smeared", 10)


@pytest.mark.parametrize("seed", SEEDS)
def test_few_dark_images_that_hold_all_of_the_loss_are_no_fault_of_the_model(seed: int) -> None:
    """15 of 60: too few to be named, and the others are as good as ever."""
    world = World(seed)
    reference, rest, dark = world.images(1500), world.images(45), world.images(15, dark=1.0, found_dark=0.0)
    found = sure(attribute(reference, joined(rest, dark)))
    assert (found.verdict, found.named) == (Verdict.UNDECIDED, None)
    recall = rest.found.sum() / rest.objects.sum()
    assert "are like the reference's (recall " in found.sentence
    assert found.alike.recall == pytest.approx(recall, abs=0.03)
    assert 15 <= found.alike.images - found.alike.like <= 25


def joined(*some: Detected) -> Detected:
    statistics = {name: np.concatenate([it.statistics[name] for it in some]) for name in some[0].statistics}
    return Detected(np.concatenate([it.found for it in some]), np.concatenate([it.objects for it in some]), statistics)


def unmeasured(images: Detected, which: slice) -> Detected:
    statistics = {name: values.copy() for name, values in images.statistics.items()}
    for values in statistics.values():
        values[which] = np.nan
    return Detected(images.found, images.objects, statistics)


BROKEN = {"found": 0.4}
UNKNOWN = {
    "no image": (unmeasured(World(1).images(**BROKEN), slice(None)), "none of the 399 images"),
    "no column": (
        Detected(World(1).images(**BROKEN).found, World(1).images(**BROKEN).objects, {}),
        "none of the 399 images",
    ),
    "all but 15": (unmeasured(World(1).images(**BROKEN), slice(15, None)), " could not be measured; look at those"),
}


@pytest.mark.parametrize(("current", "why"), UNKNOWN.values(), ids=UNKNOWN)
def test_images_that_were_not_measured_are_not_like_the_reference(current: Detected, why: str) -> None:
    found = sure(attribute(World(2).images(1500), current))
    assert (found.verdict, found.named) == (Verdict.UNDECIDED, None)
    assert why in found.sentence


def test_a_loss_in_images_that_were_not_measured_is_no_fault_of_the_model() -> None:
    world = World(3)
    gone = unmeasured(world.images(100, dark=1.0), slice(None))
    found = sure(attribute(world.images(1500), joined(world.images(300), gone)))
    assert found.verdict is Verdict.UNDECIDED
    assert found.alike.unmeasured == (gone.objects > 0).sum()


def test_a_statistic_of_one_side_alone_is_left_out() -> None:
    now = World(1).images(found=0.4)
    now.statistics.pop("image_noise")  # type: ignore[attr-defined]
    assert sure(attribute(World(2).images(1500), now)).verdict is Verdict.MODEL


def test_a_reference_that_was_not_measured_is_named() -> None:
    found = sure(attribute(unmeasured(World(2).images(1500), slice(15, None)), World(1).images(found=0.4)))
    assert found.verdict is Verdict.UNDECIDED
    assert "fewer than 20 images of the reference" in found.sentence


@pytest.mark.parametrize("sizes", [(1500, 3), (3, 400)], ids=["window", "reference"])
def test_of_three_images_nothing_is_said(sizes: tuple[int, int]) -> None:
    world = World(4)
    assert attribute(world.images(sizes[0]), world.images(sizes[1], found=0.1)) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_that_is_all_dark_says_that_nothing_is_left_to_compare(seed: int) -> None:
    found = sure(found_in(seed, dark=1.0))
    assert found.verdict is Verdict.DATA
    assert "too few other images are left to look at the model" in found.sentence


def test_ordinary_days_claim_no_fall_although_they_differ() -> None:
    """Of 60 days whose recall lies around that of the reference, with a deviation of 0.02 between days, none."""
    random = np.random.default_rng(7)
    world = World(7)
    reference = world.images(1500)
    days = [attribute(reference, world.images(150, found=0.9 + random.normal(0, 0.02))) for _ in range(60)]
    assert days == [None] * 60


def test_shares_add_up_over_the_two_sides_of_a_bound() -> None:
    world = World(0)
    before, now = world.images(1500), world.images(dark=0.3)
    found = sure(attribute(before, now))
    share = next(it for it in found.shares if it.side.words == "darker")
    dark = now.statistics["image_brightness"] < share.bound
    missing = found.before * now.objects - now.found
    assert share.value == pytest.approx(missing[dark].sum() / missing.sum(), abs=1e-12)
    assert found.before - found.now == pytest.approx(missing.sum() / now.objects.sum(), abs=1e-12)
    assert share.images == dark.sum()


@pytest.mark.long
def test_the_interval_covers_the_truth() -> None:
    """Of 40 worlds in which all of the loss is by dusk, few intervals may lie beside 1."""
    beside = 0
    for seed in range(40):
        found = sure(found_in(seed, dark=0.3))
        assert found.named is not None
        # The bound is the reference's first percentile, and no image lies between it and the dark ones.
        beside += not found.named.lower <= 1 <= found.named.upper
    assert beside <= 6


def test_images_that_could_not_be_measured_are_on_no_side() -> None:
    world = World(1)
    before, now = world.images(1500), world.images(dark=0.5)
    now.statistics["image_brightness"][::4] = np.nan  # type: ignore[index]
    found = sure(attribute(before, now))
    share = next(it for it in found.shares if it.side.words == "darker")
    assert 0.5 < share.value < 0.9


def test_images_without_objects_count_for_nothing() -> None:
    world = World(2)
    before, now = world.images(1500), world.images(dark=0.5)
    empty = Detected(
        np.r_[now.found, np.zeros(50)],
        np.r_[now.objects, np.zeros(50)],
        {name: np.r_[values, np.full(50, 0.01)] for name, values in now.statistics.items()},
    )
    known, found = sure(attribute(before, now)), sure(attribute(before, empty))
    assert (found.now, found.alike) == (known.now, known.alike)


def test_without_labelled_objects_there_is_nothing_to_attribute() -> None:
    with pytest.raises(ValueError, match="a labelled object on both sides"):
        attribute(World(3).images(50), Detected(np.zeros(3), np.zeros(3), {}))


def test_resamples_are_those_of_a_bootstrap_over_images() -> None:
    """Mean and deviation of each sum, beside drawing images one by one."""
    images = World(5).images(500, dark=0.3)
    dark = images.statistics["image_brightness"] < 0.2
    found = resampled(images, [dark], np.random.default_rng(0))
    random = np.random.default_rng(1)
    one_by_one = []
    for _ in range(4000):
        rows = random.integers(0, 500, 500)
        parts = rows, rows[dark[rows]]
        one_by_one.append([[images.found[it].sum(), images.objects[it].sum()] for it in parts])
    deviation = np.std(one_by_one, axis=0)
    assert np.abs(found[1:].mean(axis=0) - found[0]).max() < 4 * deviation.max() / np.sqrt(RESAMPLES)
    assert found[1:].std(axis=0) == pytest.approx(deviation, rel=0.15)


def test_many_images_take_little_memory() -> None:
    """Resamples by index took 3,200 bytes an image."""
    images = World(6).images(50_000, dark=0.3)
    tracemalloc.start()
    attribute(images, images)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 600 * len(images.found)
