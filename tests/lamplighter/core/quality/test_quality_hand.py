"""Values worked out by hand, and every way in which a metric can be undefined."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lamplighter.core.quality.classifiers import classification
from lamplighter.core.quality.confusion import NO_PREDICTION, Confusion
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.precision_recall_f1 import RATIOS
from lamplighter.core.quality.rankers import ranking
from lamplighter.core.quality.regressors import regression
from lamplighter.core.quality.resampling import custom
from lamplighter.core.quality.texts import text
from lamplighter.core.records.catalogue import OF_ONE_CLASS
from lamplighter.core.records.measurement import State

FINAL = State.FINAL


def classes(y_true, y_pred, y_score=None, positive=None):
    groupings = [Grouping.overall(len(y_true))]
    found, _ = classification(y_true, y_pred, y_score, groupings=groupings, positive=positive, state=FINAL)
    return {m.metric: m for m in found if not m.klass}


def numbers(y_true, y_pred):
    return {m.metric: m for m in regression(y_true, y_pred, groupings=[Grouping.overall(len(y_true))], state=FINAL)}


def lists(y_true, y_pred, k=2):
    found = ranking(y_true, y_pred, k=k, groupings=[Grouping.overall(len(y_true))], state=FINAL)
    return {m.metric: m for m in found if not m.klass}


def texts(y_true, y_pred):
    return {m.metric: m for m in text(y_true, y_pred, groupings=[Grouping.overall(len(y_true))], state=FINAL)}


@pytest.mark.parametrize(
    ("found", "metric", "value", "n"),
    [
        pytest.param(classes("1100", "1010"), "accuracy", 2 / 4, 4, id="two of four right"),
        pytest.param(classes("1110", "1100"), "precision", 1.0, 2, id="both predicted ones are ones"),
        pytest.param(classes("1110", "1100"), "recall", 2 / 3, 3, id="two of three ones found"),
        pytest.param(classes("1110", "1100"), "f1", 4 / 5, 3, id="2*2 / (2*2 + 0 + 1)"),
        pytest.param(classes("1110", ["1", None, None, "0"]), "recall", 1 / 3, 3, id="a null is not found"),
        pytest.param(classes("1110", ["1", None, None, "0"]), "precision", 1.0, 1, id="a null is predicted as nothing"),
        pytest.param(classes("1110", ["1", None, np.nan, ""]), "accuracy", 1 / 4, 4, id="a null is wrong"),
        pytest.param(classes("aabc", "abbc"), "balanced_accuracy", (1 / 2 + 1 + 1) / 3, 4, id="mean of three recalls"),
        pytest.param(classes("0011", "0011", np.array([0.1, 0.4, 0.35, 0.8])), "roc_auc", 3 / 4, 4, id="3 of 4 pairs"),
        pytest.param(classes("01", "01", np.array([0.5, 0.5])), "roc_auc", 1 / 2, 2, id="a tie is half"),
        pytest.param(classes("001", "011", np.array([0.1, 0.9, 0.5])), "pr_auc", 1 / 2, 3, id="found second of two"),
        pytest.param(
            classes("01", "01", np.array([0.5, None], object)), "brier", 0.25, 1, id="a null score is left out"
        ),
        pytest.param(classes("10", "10", np.array([1.0, 0.0])), "log_loss", 2.220446e-16, 2, id="certain and right"),
        pytest.param(classes("1", "1", np.array([0.0], np.float32)), "log_loss", 15.942385, 1, id="32-bit epsilon"),
        pytest.param(numbers([1, 2, 3], [2, 2, 1]), "mae", 1.0, 3, id="mean of 1, 0, 2"),
        pytest.param(numbers([1, 2, 3], [2, 2, 1]), "bias", -1 / 3, 3, id="mean of 1, 0, -2"),
        pytest.param(numbers([1, 2, 3], [2, 2, 1]), "r2", 1 - 5 / 2, 3, id="1 - 5 / 2"),
        pytest.param(numbers([1, None, 3], [2, 2, np.inf]), "mae", 1.0, 1, id="two rows are not finite"),
        pytest.param(numbers([0, 0], [1, 3]), "residual_q25", 1.5, 2, id="a quarter of the way from 1 to 3"),
        pytest.param(lists(["a", "b"], [["a", "b"], ["a", "b"]]), "mrr", 3 / 4, 2, id="first and second place"),
        pytest.param(lists(["a", "b"], [["a"], None]), "top_k_accuracy", 1 / 2, 2, id="no list is a wrong answer"),
        pytest.param(lists([{"a", "b"}, []], [["b", "a"], ["a"]]), "ndcg", 1.0, 1, id="nothing to find is left out"),
        pytest.param(lists(["a"], [["b", "c", "a"]]), "mrr", 0.0, 1, id="beyond the first two"),
        pytest.param(texts(["a b c d"], ["a b c d"]), "bleu", 100.0, 1, id="the same four words"),
        pytest.param(texts(["a b", "a"], ["a c", None]), "rouge1", 1 / 4, 2, id="half and nothing"),
    ],
)
def test_value_by_hand(found, metric, value, n):
    assert found[metric].value == pytest.approx(value)
    assert (found[metric].n, found[metric].reason) == (n, "")


SCORE = np.array([0.2, 0.4])
THREE = {"a": np.array([0.5, 0.2]), "b": np.array([0.25, 0.4]), "c": np.array([0.25, 0.4])}
NO_CLASS = "no label is a class of the model; declare those that are as predictions.score"
NO_POSITIVE = "no positive class is declared (predictions.positive)"


@pytest.mark.parametrize(
    ("found", "metric", "reason"),
    [
        (classes("", "", np.array([])), "accuracy", "no labelled rows"),
        (classes("", "", np.array([])), "f1", "no labelled rows"),
        (classes("", "", np.array([])), "f1_macro", "no labelled rows"),
        (classes("", "", np.array([])), "roc_auc", "no labelled rows"),
        (classes("01", "00"), "precision", "no row was predicted as 1"),
        (classes("00", "01"), "recall", "no label is 1"),
        (classes("00", "00"), "f1", "no label and no prediction is 1"),
        (classes(["no", "yes"], ["no", "yes"]), "f1", NO_POSITIVE),
        (classes(["no", "yes"], ["no", "yes"], SCORE), "roc_auc", NO_POSITIVE),
        (classes(["no", "no"], ["no", "yes"]), "balanced_accuracy", "only one class among the labels: no"),
        (classes("ab", [None, None]), "precision_macro", "no row was predicted as a"),
        (classes("ab", [None, None]), "precision_weighted", "no row was predicted as a"),
        (classes("00", "00", SCORE), "roc_auc", "no label is 1"),
        (classes("11", "00", SCORE), "roc_auc", "every label is 1"),
        (classes("00", "00", SCORE), "pr_auc", "no label is 1"),
        (classes("01", "00", SCORE * np.nan), "brier", "no labelled row has a score"),
        (classes("01", "00", SCORE * 10), "log_loss", "scores are not probabilities: most lie outside 0..1"),
        (classes("ab", "ab", THREE), "roc_auc", "no label is c"),
        (classes("de", "ab", THREE), "log_loss", NO_CLASS),
        (classes("de", "ab", THREE), "f1_macro", NO_CLASS),
        (
            classes("ab", "ab", {name: score * 2 for name, score in THREE.items()}),
            "brier",
            "scores are not probabilities: of most rows they do not add up to 1",
        ),
        (numbers([], []), "mae", "no labelled rows"),
        (numbers([1.0], [np.nan]), "residual_q50", "no labelled row has a finite label and a finite prediction"),
        (numbers([1.0], [2.0]), "r2", "fewer than 2 rows"),
        (numbers([0.1] * 3, [1, 2, 3]), "r2", "y_true is constant"),
        (numbers([0.0, 1.0], [1e200, 1.0]), "mse", "the result is not a finite number"),
        (lists([], []), "ndcg", "no labelled rows"),
        (lists([None, []], [["a"], ["b"]]), "mrr", "no labelled row has a relevant item"),
        (texts([], []), "bleu", "no labelled rows"),
        (texts([], []), "rougeL", "no labelled rows"),
        (texts(["a b c d"], ["a b c"]), "bleu", "no prediction has four tokens"),
    ],
)
def test_what_is_undefined_says_why(found, metric, reason):
    assert (found[metric].value, found[metric].lower, found[metric].upper) == (None, None, None)
    assert found[metric].reason == reason


def test_confusion_counts_nonzero_cells_of_every_group():
    groupings = [Grouping(["v1", "v2"], np.array([0, 0, 0, 1, -1]), "version")]
    found = classification("aabba", ["a", "a", None, "a", "b"], None, groupings=groupings, positive="a", state=FINAL)[1]
    assert found == [
        Confusion(segment="", version="v1", y_true="a", y_pred="a", n=2),
        Confusion(segment="", version="v1", y_true="b", y_pred=NO_PREDICTION, n=1),
        Confusion(segment="", version="v2", y_true="b", y_pred="a", n=1),
    ]


def test_a_ratio_of_one_class_is_known_by_its_name() -> None:
    assert set(RATIOS) == OF_ONE_CLASS


def test_classes_of_their_own_are_given_for_the_window_and_versions_only():
    codes = np.zeros(4, int)
    groupings = [Grouping.overall(4), Grouping(["g=x"], codes), Grouping(["v1"], codes, "version")]
    found = classification("aabb", "abbb", None, groupings=groupings, positive="b", state=FINAL)[0]
    own = {(m.metric, m.klass, m.segment, m.version): m.value for m in found if m.klass}
    assert own[("recall", "a", "", "")] == own[("recall", "a", "", "v1")] == 0.5
    assert {(segment, version) for _, _, segment, version in own} == {("", ""), ("", "v1")}
    assert len({m.key for m in found}) == len(found)


def test_many_classes_in_many_groups_are_counted_without_the_full_cube():
    random = np.random.default_rng(0)
    y_true, y_pred, group = random.integers(0, 400, (3, 3000))
    names = [f"g={code}" for code in range(400)]
    options = {"groupings": [Grouping(names, group)], "positive": None, "state": FINAL}
    found, confusion = classification(y_true.astype(str), y_pred.astype(str), None, **options)
    assert sum(cell.n for cell in confusion) == 3000
    right = np.bincount(group, y_true == y_pred, 400) / np.bincount(group, minlength=400)
    got = [m.value for m in found if m.metric == "accuracy"]
    assert got == pytest.approx(right.tolist())


def test_a_column_without_rows_has_no_groups_and_nothing_to_say():
    options = {"groupings": [Grouping.of("c", [])], "state": FINAL}
    assert classification([], [], np.array([]), positive=None, **options) == ([], [])
    assert regression([], [], **options) == ranking([], [], **options) == text([], [], **options) == []
    assert custom("own", max, [], [], None, **options) == []


def test_no_column_of_scores_is_no_scores():
    assert classes("01", "01", {}) == classes("01", "01", None)


def test_two_columns_of_scores_are_read_as_the_positive_one():
    score = np.array([0.2, 0.9, 0.6])
    one = classes(["no", "yes", "no"], ["no", "yes", "yes"], score, positive="yes")
    two = classes(["no", "yes", "no"], ["no", "yes", "yes"], {"no": 1 - score, "yes": score}, positive="yes")
    assert one == two


def test_a_list_may_be_text_as_a_database_has_it():
    lists = [["a", "b"], ["c"]], [["b", "a"], ["d", "c"]]
    texts = [[json.dumps(items) for items in side] for side in lists]
    measured = [ranking(*side, k=2, groupings=[Grouping.overall(2)], state=State.FINAL) for side in (lists, texts)]
    assert measured[0] == measured[1]
