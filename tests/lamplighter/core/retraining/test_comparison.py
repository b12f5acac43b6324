"""Champion against challenger: gains by an independent reference, bounds that hold, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, roc_auc_score

from lamplighter.core.monitor import Monitor, parse
from lamplighter.core.monitor.retrain import Accept
from lamplighter.core.records.catalogue import OF_EACH_CLASS, QUALITY_METRICS
from lamplighter.core.retraining.comparison import ComparedRows, Comparison, Gain, compare, is_surely_worse, refusal
from lamplighter.core.values.boxes import packed
from storage.sources.boxes import as_series

PREDICTIONS = "predictions: {parquet: p, time: t, prediction: y, score: s}"


def monitor_of(kind: str = "classification") -> Monitor:
    return parse("m.yaml", f"model: m\nkind: {kind}\nsegments: [region]\n{PREDICTIONS}\n", environ={})


def accept(metric: str, **options: Any) -> Accept:
    return Accept.model_validate({"metric": metric, **options})


def world(noise: tuple[float, float], seed: int = 0, days: int = 8, rows: int = 300) -> tuple[Any, Any, Any]:
    """ComparedRows with the answers of two models, each as good as its noise is small."""
    random = np.random.default_rng(seed)
    size = days * rows
    signal = random.normal(0, 1, size)
    truth = (signal + random.normal(0, 0.5, size) > 0).astype(int)
    answers = []
    for spread in noise:
        score = 1 / (1 + np.exp(-(signal + random.normal(0, spread, size))))
        answers.append(pd.DataFrame({"y": (score > 0.5).astype(int), "s": score}))
    region = pd.Series(random.choice(["north", "south", "rare"], size, p=[0.5, 0.48, 0.02]))
    return ComparedRows(pd.Series(truth), {"region": region}, pd.Series(np.repeat(np.arange(days), rows))), *answers


ORACLES = {
    "accuracy": lambda y, a: accuracy_score(y, a["y"]),
    "f1": lambda y, a: f1_score(y, a["y"]),
    "roc_auc": lambda y, a: roc_auc_score(y, a["s"]),
}


@pytest.mark.parametrize("metric", ORACLES)
def test_the_gain_is_the_difference_of_the_metrics(metric: str) -> None:
    rows, before, after = world((1.0, 0.5))
    found = compare(monitor_of(), accept(metric), rows, before, after)
    oracle = ORACLES[metric]
    assert found.gain.value == pytest.approx(oracle(rows.y_true, after) - oracle(rows.y_true, before), abs=1e-12)
    assert found.gain.lower < found.gain.value < found.gain.upper
    south = (rows.segments["region"] == "south").to_numpy()
    expected = oracle(rows.y_true[south], after[south]) - oracle(rows.y_true[south], before[south])
    assert found.segments["region=south"].value == pytest.approx(expected, abs=1e-12)
    assert set(found.segments) == {"region=north", "region=south"}, "a segment of few rows is no reason"
    assert found.few == {"region=rare": (rows.segments["region"] == "rare").sum()}


def test_of_an_error_less_is_better() -> None:
    rows, before, after = world((1.0, 0.5))
    text = "model: m\nkind: regression\npredictions: {parquet: p, time: t, prediction: s}\n"
    monitor = parse("m.yaml", text, environ={})
    plain = ComparedRows(rows.y_true.astype(float), {}, rows.blocks)
    found = compare(monitor, accept("mae"), plain, before, after)
    lost = mean_absolute_error(rows.y_true, before["s"]) - mean_absolute_error(rows.y_true, after["s"])
    assert found.gain.value == pytest.approx(lost, abs=1e-12)
    assert found.gain.value > 0


def test_the_same_comparison_has_the_same_bounds() -> None:
    rows, before, after = world((1.0, 0.9))
    assert compare(monitor_of(), accept("f1"), rows, before, after) == compare(
        monitor_of(), accept("f1"), rows, before, after
    )


@pytest.mark.long
def test_a_challenger_that_is_as_good_is_rarely_accepted() -> None:
    """At a confidence of 0.9 about one in ten; 40 draws with a rate of 0.1 exceed 10 in one of 680 cases."""
    accepted = 0
    for seed in range(40):
        rows, before, after = world((0.8, 0.8), seed=seed, rows=40)
        accepted += not refusal(compare(monitor_of(), accept("accuracy"), rows, before, after), accept("accuracy"))
    assert accepted <= 10


@pytest.mark.long
def test_bounds_hold_where_windows_differ() -> None:
    """Of two equals, one of which does a little better on some days and worse on others, one in ten is accepted.

    60 comparisons with a rate of 0.1 exceed 14 in one of 900 cases.
    """
    monitor = parse(
        "m.yaml", "model: m\nkind: regression\npredictions: {parquet: p, time: t, prediction: s}\n", environ={}
    )
    days, rows, accepted = 7, 30, 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        before, after = random.normal(0, 1, (2, days * rows))
        after += np.repeat(random.normal(0, 0.09, days), rows) * np.sign(after)
        answers = (pd.DataFrame({"s": errors}) for errors in (before, after))
        compared = ComparedRows(pd.Series(np.zeros(days * rows)), {}, pd.Series(np.repeat(np.arange(days), rows)))
        accepted += not refusal(compare(monitor, accept("mae"), compared, *answers), accept("mae"))
    assert accepted <= 14


def test_a_better_one_is_accepted_and_the_other_way_round_surely_worse() -> None:
    rows, before, after = world((1.5, 0.3))
    better = compare(monitor_of(), accept("roc_auc"), rows, before, after)
    assert refusal(better, accept("roc_auc")) == ""
    worse = compare(monitor_of(), accept("roc_auc"), rows, after, before)
    assert is_surely_worse(worse)
    assert not is_surely_worse(better)


def test_null_answers_must_not_rise() -> None:
    rows, before, after = world((1.5, 0.3))
    after = after.assign(y=after["y"].astype("Int64").mask(np.arange(len(after)) % 10 == 0))
    found = compare(monitor_of(), accept("roc_auc"), rows, before, after)
    assert found.nulls == (0.0, 0.1)
    assert refusal(found, accept("roc_auc")) == "null or unreadable answers rise from 0.00% to 10.00% of the rows"


GAIN = Gain(0.02, 0.01, 0.03, 900)


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        (Comparison("f1", GAIN), ""),
        (Comparison("f1", None), "f1 is not defined on the rows of the comparison"),
        (
            Comparison("f1", Gain(0.02, -0.01, 0.05, 900)),
            "f1 gains +0.02, at 90% at least -0.01, and more than 0 is asked for",
        ),
        (
            Comparison("f1", GAIN, {"region=a": Gain(-0.09, -0.12, -0.06, 200), "region=b": GAIN}),
            "region=a loses 0.09 of f1, surely more than 0.05",
        ),
        (Comparison("f1", GAIN, {"region=a": Gain(-0.09, -0.12, -0.04, 200)}), ""),
        (
            Comparison("f1", Gain(1.0, 1.0, 1.0, 1)),
            "1 labelled rows prove nothing; 100 are needed, so wait or raise accept.days",
        ),
    ],
)
def test_what_is_refused_and_why(comparison: Comparison, expected: str) -> None:
    assert refusal(comparison, accept("f1")) == expected


ANIMALS = "model: m\nkind: classification\npredictions: {parquet: p, time: t, prediction: y}\n"
STREET = """
model: m
kind: detection
predictions: {parquet: p, time: t, prediction: y, classes: c, score: s, confidence: 0.25}
labels: {same_row: true, target: truth, classes: kinds}
segments: [light]
"""
IMAGES = 240


def of_classes(right: tuple[dict[str, float], dict[str, float]], labels: Sequence[str]) -> tuple[Any, Any, Any]:
    """Rows labelled as animals, and the answers of two models that are right about a share of each; else `none`."""
    truth = pd.Series(labels)
    shares = ((truth.groupby(truth).cumcount() + 1) / truth.groupby(truth).transform("size")).to_numpy()
    answers = [pd.DataFrame({"y": np.where(shares <= truth.map(of), truth, "none")}) for of in right]
    return ComparedRows(truth, {}, pd.Series(np.arange(len(truth)) % 4)), *answers


LABELS = ["cat"] * 300 + ["dog"] * 300 + ["owl"] * 40
BEFORE = {"cat": 0.4, "dog": 0.8, "owl": 0.9}


@pytest.mark.parametrize(
    ("metric", "after", "expected"),
    [
        ("accuracy", {"cat": 0.9, "dog": 0.6, "owl": 0.9}, "class=dog loses 0.2 of recall, surely more than 0.05"),
        ("recall_macro", {"cat": 0.9, "dog": 0.6, "owl": 0.9}, "class=dog loses 0.2 of recall, surely more than 0.05"),
        ("f1_macro", {"cat": 0.9, "dog": 0.6, "owl": 0.9}, "class=dog loses 0.1389 of f1, surely more than 0.05"),
        ("accuracy", {"cat": 0.9, "dog": 0.0, "owl": 0.9}, "class=dog loses 0.8 of recall, surely more than 0.05"),
        ("accuracy", {"cat": 0.9, "dog": 0.77, "owl": 0.9}, ""),
        ("accuracy", {"cat": 0.9, "dog": 0.8, "owl": 0.0}, ""),
    ],
    ids=["accuracy", "an average", "f1", "never answered", "within the floor", "a rare class proves nothing"],
)
def test_no_class_is_lost(metric: str, after: dict[str, float], expected: str) -> None:
    rows, *answers = of_classes((BEFORE, after), LABELS)
    found = compare(parse("m.yaml", ANIMALS, environ={}), accept(metric), rows, *answers)
    assert found.gain is not None
    assert set(found.classes) == {"cat", "dog"}, "40 owls prove nothing, and `none` is no class of the labels"
    assert refusal(found, accept(metric, gain=-1)) == expected
    if metric == "f1_macro":
        scores = [f1_score(rows.y_true, of["y"], labels=["cat", "dog"], average=None) for of in answers]
        gains = [found.classes[name].value for name in ("cat", "dog")]
        assert gains == pytest.approx((scores[1] - scores[0]).tolist(), abs=1e-12)


def test_a_class_that_is_never_answered_has_no_precision() -> None:
    rows, *answers = of_classes((BEFORE, {"cat": 0.9, "dog": 0.0, "owl": 0.9}), LABELS)
    found = compare(parse("m.yaml", ANIMALS, environ={}), accept("precision_macro"), rows, *answers)
    assert (set(found.classes), found.few) == ({"cat"}, {"class=owl": 36, "class=dog": 0})


@pytest.mark.parametrize("metric", OF_EACH_CLASS)
def test_what_is_compared_of_a_class_is_a_metric_of_the_same_kind(metric: str) -> None:
    whole, part = QUALITY_METRICS[metric], QUALITY_METRICS[OF_EACH_CLASS[metric]]
    assert whole.kinds <= part.kinds
    assert (whole.better, whole.lower, whole.upper) == (part.better, part.lower, part.upper)


def test_a_metric_of_the_positive_class_is_of_no_other() -> None:
    found = compare(monitor_of(), accept("f1"), *world((1.0, 0.5)))
    assert found.classes == {}
    assert found.segments


def boxes(images: Sequence[Sequence[tuple[str, int]]]) -> Any:
    """Boxes of images: a class, and how far it is from where the object is."""
    sides = [[[at + 100 * place, 0, at + 100 * place + 40, 40] for place, (_, at) in enumerate(it)] for it in images]
    names = [[name for name, _ in it] for it in images]
    kind = pa.list_(pa.list_(pa.float64()))
    scores = [[0.9] * len(it) for it in images]
    return as_series(packed(pa.array(sides, kind), pa.array(names, pa.list_(pa.string())), pa.array(scores)))


@pytest.fixture(scope="module")
def street() -> Callable[..., Comparison]:
    """Compares detectors, the champion of which finds no car by dusk; what is missed is beside where it is."""
    images = [[("car", 0), ("person", 0), *([("bus", 0)] if number % 10 == 0 else [])] for number in range(IMAGES)]
    light = np.where(np.arange(IMAGES) % 2, "day", "dusk")
    camera = np.select([np.arange(IMAGES) < 60, np.arange(IMAGES) < 100], ["east", "west"], "north")
    segments = {"light": pd.Series(light), "camera": pd.Series(camera)}
    rows = ComparedRows(boxes(images), segments, pd.Series(np.arange(IMAGES) // 60))

    def answers(finds: Callable[[str, int, str], bool]) -> pd.DataFrame:
        found = [
            [(name, 0 if finds(name, number, light[number]) else 50) for name, _ in it]
            for number, it in enumerate(images)
        ]
        return pd.DataFrame({"y": boxes(found)})

    before = answers(lambda name, number, of: of == "day" or name != "car")

    def compared(finds: Callable[[str, int, str], bool], metric: str = "map50") -> Comparison:
        return compare(parse("m.yaml", STREET, environ={}), accept(metric), rows, before, answers(finds))

    return compared


def test_a_detector_that_finds_more_and_loses_people_is_refused(street: Callable[..., Comparison]) -> None:
    found = street(lambda name, number, light: name != "person" or number % 4 > 0, "recall")
    assert found.gain.value > 0
    assert set(found.classes) == {"car", "person"}
    assert found.segments["camera=east"].n == 60 * 2 + 6, "sixty images, in which more than a hundred objects are"
    assert found.few == {"camera=west": 40 * 2 + 4, "class=bus": 24}
    assert refusal(found, accept("recall")) == "class=person loses 0.25 of recall, surely more than 0.05"


def test_a_class_that_is_never_detected_is_refused(street: Callable[..., Comparison]) -> None:
    found = street(lambda name, number, light: name != "person")
    assert refusal(found, accept("map50", gain=-1)) == "class=person loses 1 of ap50, surely more than 0.05"


def test_a_detector_that_is_better_at_dusk_and_worse_by_day_is_refused(street: Callable[..., Comparison]) -> None:
    found = street(lambda name, number, light: light == "dusk" or number % 8 > 1)
    assert found.gain.value > 0
    assert found.segments["light=dusk"].value > 0
    assert found.classes["car"].value > 0
    assert refusal(found, accept("map50")).startswith("light=day loses 0.")
