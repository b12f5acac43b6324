"""A period equals what would be measured on all of its rows together."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, precision_recall_fscore_support

from lamplighter.core.quality.classifiers import classification
from lamplighter.core.quality.confusion import Confusion
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.periods import OF_ROWS, ROW_MEANS, SUMMED, from_counts, of_period
from lamplighter.core.records.catalogue import QUALITY_METRICS
from lamplighter.core.records.measurement import Measurement, State


def open_scan(rng: np.random.Generator, classes: list[str], n: int, nulls: float) -> tuple[list[str], list[str | None]]:
    """Truth and predictions of a window: some right, some wrong, some missing."""
    true = rng.choice(classes, n)
    pred = np.where(rng.random(n) < 0.6, true, rng.choice(classes, n)).astype(object)
    pred[rng.random(n) < nulls] = None
    return true.tolist(), pred.tolist()


CASES = {
    "two classes": (["0", "1"], None, 0.0),
    "two classes with nulls": (["0", "1"], None, 0.1),
    "two named classes": (["no", "yes"], "yes", 0.0),
    "two named classes, none positive": (["no", "yes"], None, 0.0),
    "four classes": (["a", "b", "c", "d"], None, 0.0),
    "four classes with nulls, one positive": (["a", "b", "c", "d"], "c", 0.05),
}


@pytest.mark.parametrize("case", CASES)
def test_summed_counts_are_the_counts_of_all_rows(case: str) -> None:
    classes, positive, nulls = CASES[case]
    rng = np.random.default_rng(17)
    windows = [open_scan(rng, classes, n, nulls) for n in (31, 200, 7, 97)]
    counts: list[Confusion] = []
    for true, pred in windows:
        whole = [Grouping.overall(len(true))]
        counts += classification(true, pred, None, groupings=whole, positive=positive, state=State.FINAL)[1]
    true = [value for window in windows for value in window[0]]
    pred = [value for window in windows for value in window[1]]
    whole = [Grouping.overall(len(true))]
    wanted, _ = classification(true, pred, None, groupings=whole, positive=positive, state=State.FINAL)
    found = {it.key: it for it in from_counts(counts, positive)}
    assert len(found) >= 8
    assert found.keys() >= {it.key for it in wanted}
    for it in wanted:
        made = found[it.key]
        assert made.reason == it.reason
        if it.value is None:
            assert made.value is None
            continue
        assert made.n == it.n
        assert (made.value, made.lower, made.upper) == pytest.approx((it.value, it.lower, it.upper), nan_ok=True)


def test_summed_counts_against_scikit_learn() -> None:
    rng = np.random.default_rng(17)
    windows = [open_scan(rng, ["a", "b", "c"], n, 0.0) for n in (60, 90)]
    counts: list[Confusion] = []
    for true, pred in windows:
        whole = [Grouping.overall(len(true))]
        counts += classification(true, pred, None, groupings=whole, positive=None, state=State.FINAL)[1]
    true = [value for window in windows for value in window[0]]
    pred = [value for window in windows for value in window[1]]
    found = {it.metric: it.value for it in from_counts(counts) if not it.klass}
    assert found["accuracy"] == pytest.approx(accuracy_score(true, pred))
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(true, pred))
    for average in ("macro", "weighted"):
        scores = precision_recall_fscore_support(true, pred, average=average)
        names = [f"{name}_{average}" for name in ("precision", "recall", "f1")]
        assert [found[name] for name in names] == pytest.approx(scores[:3])
    of_classes = {(it.metric, it.klass): it.value for it in from_counts(counts) if it.klass}
    precision, recall, f1, _ = precision_recall_fscore_support(true, pred, labels=["a", "b", "c"])
    for i, klass in enumerate("abc"):
        wanted = [precision[i], recall[i], f1[i]]
        assert [of_classes[name, klass] for name in ("precision", "recall", "f1")] == pytest.approx(wanted)


@pytest.mark.parametrize("metric", sorted(ROW_MEANS))
def test_a_mean_of_rows_is_weighted_by_them(metric: str) -> None:
    rng = np.random.default_rng(17)
    values = [rng.gamma(2.0, 3.0, n) for n in (5, 300, 41)]
    windows = [Measurement(metric=metric, value=float(it.mean()), n=len(it)) for it in values]
    made = of_period(metric, windows, "daily")
    assert made is not None
    assert made.measurement.value == pytest.approx(float(np.concatenate(values).mean()))
    assert (made.measurement.n, made.how, made.windows) == (346, OF_ROWS, 3)
    assert QUALITY_METRICS[metric].interval == "Student"


def test_what_cannot_be_added_up_says_so() -> None:
    windows = [Measurement(metric="roc_auc", value=value, n=n) for value, n in ((0.7, 10), (0.9, 990))]
    windows.append(Measurement(metric="roc_auc", n=3, reason="only one class"))
    made = of_period("roc_auc", windows, "hourly")
    assert made is not None
    assert (made.measurement.value, made.how, made.windows) == (pytest.approx(0.8), "mean of hourly values", 2)
    assert made.measurement.lower is None
    assert of_period("roc_auc", windows[2:], "hourly") is None


def test_counts_are_sums_and_provisional_while_one_window_is() -> None:
    windows = [
        Measurement(metric="rows", value=5.0, n=5),
        Measurement(metric="rows", value=6.0, n=6, state=State.PROVISIONAL),
    ]
    made = of_period("rows", windows, "daily")
    assert made is not None
    assert (made.measurement.value, made.how, made.measurement.state) == (11.0, SUMMED, State.PROVISIONAL)


def test_no_counts_give_nothing() -> None:
    assert from_counts([]) == []
