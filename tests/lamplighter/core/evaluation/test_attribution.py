"""Where a fall of recall lies: in worlds of which it is known, each with several seeds."""

from __future__ import annotations

import numpy as np
import pytest

from lamplighter.core.evaluation.attribution import Attribution, Detected, Verdict, attribute

SEEDS = range(5)


class World:
    """Images of a camera: light, what a dark image costs, and what a model finds."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def images(
        self, count: int = 400, *, dark: float = 0.0, found: float = 0.9, found_dark: float = 0.2, lamps: bool = False
    ) -> Detected:
        """Some images, of which a share is dark; a dark one is noisy too, and found_dark of its objects are found."""
        is_dark = self.random.random(count) < dark
        brightness = np.where(is_dark, self.random.uniform(0.05, 0.15, count), self.random.uniform(0.4, 0.6, count))
        noise = np.where(is_dark, 0.05, 0.005) * self.random.uniform(0.8, 1.2, count)
        sharpness = self.random.uniform(0.8, 1.2, count)
        objects = self.random.poisson(6, count)
        chance = np.where(is_dark & (not lamps), found_dark, found)
        statistics = {"image_brightness": brightness, "image_noise": noise, "image_sharpness": sharpness}
        hits = self.random.binomial(objects, chance)
        return Detected(hits.astype(float), objects.astype(float), statistics)


def found_in(seed: int, **current: object) -> Attribution:
    world = World(seed)
    return attribute(world.images(1500), world.images(**current))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", SEEDS)
def test_dusk_is_named_with_almost_all_of_the_loss(seed: int) -> None:
    found = found_in(seed, dark=0.5)
    assert found.verdict is Verdict.DATA
    assert found.named is not None
    assert (found.named.side.statistic, found.named.side.words) == ("image_brightness", "darker")
    assert found.named.lower > 0.8
    assert found.named.within_now == pytest.approx(0.9, abs=0.05)
    assert "of the loss" in found.sentence
    assert "darker than 99 % of the reference's" in found.sentence


@pytest.mark.parametrize("seed", SEEDS)
def test_dusk_under_good_lamps_claims_no_loss(seed: int) -> None:
    found = found_in(seed, dark=0.5, lamps=True)
    assert found.verdict is Verdict.NO_FALL
    assert found.named is None
    assert "did not surely fall" in found.sentence


@pytest.mark.parametrize("seed", SEEDS)
def test_broken_weights_by_day_are_the_model(seed: int) -> None:
    found = found_in(seed, found=0.4)
    assert (found.verdict, found.named) == (Verdict.MODEL, None)
    assert "look at the model" in found.sentence


@pytest.mark.parametrize("seed", SEEDS)
def test_broken_weights_are_the_model_at_dusk_too(seed: int) -> None:
    found = found_in(seed, dark=0.6, found=0.4, found_dark=0.3)
    assert (found.verdict, found.named) == (Verdict.MODEL, None)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_that_is_all_dark_says_that_nothing_is_left_to_compare(seed: int) -> None:
    found = found_in(seed, dark=1.0)
    assert found.verdict is Verdict.DATA
    assert "too few other images are left to look at the model" in found.sentence


def test_ordinary_days_claim_no_fall_although_they_differ() -> None:
    """Of 60 days whose recall lies around that of the reference, with a deviation of 0.02 between days, none."""
    random = np.random.default_rng(7)
    world = World(7)
    reference = world.images(1500)
    days = [attribute(reference, world.images(150, found=0.9 + random.normal(0, 0.02))) for _ in range(60)]
    assert [it.verdict for it in days] == [Verdict.NO_FALL] * 60


def test_shares_add_up_over_the_two_sides_of_a_bound() -> None:
    world = World(0)
    before, now = world.images(1500), world.images(dark=0.3)
    found = attribute(before, now)
    share = next(it for it in found.shares if it.side.words == "darker")
    dark = now.statistics["image_brightness"] < share.bound
    missing = found.before * now.objects - now.found
    assert share.value == pytest.approx(missing[dark].sum() / missing.sum(), abs=1e-12)
    assert found.fall == pytest.approx(missing.sum() / now.objects.sum(), abs=1e-12)
    assert share.images == dark.sum()


@pytest.mark.long
def test_the_interval_covers_the_truth() -> None:
    """Of 40 worlds in which all of the loss is by dusk, few intervals may lie beside 1."""
    beside = 0
    for seed in range(40):
        found = found_in(seed, dark=0.3)
        assert found.named is not None
        # The bound is the reference's first percentile, and no image lies between it and the dark ones.
        beside += not found.named.lower <= 1 <= found.named.upper
    assert beside <= 6


def test_images_that_could_not_be_measured_are_on_no_side() -> None:
    world = World(1)
    before, now = world.images(1500), world.images(dark=0.5)
    now.statistics["image_brightness"][::4] = np.nan  # type: ignore[index]
    found = attribute(before, now)
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
    assert attribute(before, empty).fall == attribute(before, now).fall


def test_without_labelled_objects_there_is_nothing_to_attribute() -> None:
    with pytest.raises(ValueError, match="a labelled object on both sides"):
        attribute(World(3).images(50), Detected(np.zeros(3), np.zeros(3), {}))
