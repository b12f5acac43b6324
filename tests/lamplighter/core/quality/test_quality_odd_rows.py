"""A few odd rows cost themselves and nothing else: every metric of the others is scikit-learn's on the others."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn import metrics as sk

from lamplighter.core.quality.classifiers import classification
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.regressors import regression
from lamplighter.core.records.measurement import Measurement, State

N = 400
MACRO = {
    "balanced_accuracy": lambda y, p: sk.recall_score(y, p, labels=sorted(set(y)), average="macro"),
    **{
        f"{name}_{average}": (
            lambda y, p, score=score, average=average: score(
                y, p, labels=sorted({*y, *(set(p) & set(y))}), average=average, zero_division=np.nan
            )
        )
        for name, score in (("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score))
        for average in ("macro", "weighted")
    },
}


def measured(y, p, s, positive=None) -> dict[str, Measurement]:
    options = {"groupings": [Grouping.overall(len(y))], "positive": positive, "state": State.FINAL}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return {m.metric: m for m in classification(list(y), list(p), s, **options)[0] if not m.klass}


def three(seed: int = 0):
    random = np.random.default_rng(seed)
    scores = random.dirichlet([1, 1, 1], N)
    truth = np.array([random.choice(3, p=row) for row in scores])
    names = np.array(["a", "b", "c"], object)
    return names[truth], names[scores.argmax(axis=1)], {name: scores[:, i] for i, name in enumerate(names)}


def of_three(y, columns) -> dict[str, float]:
    s, hot = np.column_stack([*columns.values()]), np.array(y)[:, None] == [*columns]
    return {
        "roc_auc": sk.roc_auc_score(hot, s),
        "pr_auc": sk.average_precision_score(hot, s),
        "log_loss": sk.log_loss(list(y), s, labels=[*columns]),
        "brier": sk.brier_score_loss(list(y), s, labels=[*columns]),
    }


@pytest.mark.parametrize("odd", [["d"], ["", "null", "other"], ["d"] * 40], ids=["one", "three", "a tenth"])
def test_labels_outside_of_the_declared_classes(odd: list[str]) -> None:
    y, p, s = three()
    y[: len(odd)] = odd
    rest = slice(len(odd), None)
    found = measured(y, p, s)
    wanted = of_three(y[rest], {name: column[rest] for name, column in s.items()})
    wanted |= {name: oracle(list(y[rest]), list(p[rest])) for name, oracle in MACRO.items()}
    for name, value in wanted.items():
        assert found[name].value == pytest.approx(value, rel=1e-9), name
        assert found[name].n == N - len(odd), name
    assert found["accuracy"].value == pytest.approx(np.mean(y == p))


def test_predictions_outside_of_the_declared_classes_are_wrong_answers() -> None:
    y, p, s = three()
    p[:3] = "d"
    found = measured(y, p, s)
    for name, oracle in MACRO.items():
        assert found[name].value == pytest.approx(oracle(list(y), list(p)), rel=1e-9), name
        assert found[name].n == N
    assert found["log_loss"].value == pytest.approx(of_three(y, s)["log_loss"])


def two(seed: int = 1):
    random = np.random.default_rng(seed)
    score = random.random(N)
    y = np.where(random.random(N) < score, "1", "0").astype(object)
    return y, np.where(score > 0.5, "1", "0").astype(object), score


@pytest.mark.parametrize("odd", [["2"], ["unknown"], ["-1", ""], ["x"] * (N // 20)], ids=str)
@pytest.mark.parametrize("side", ["labels", "predictions", "both"])
def test_a_few_odd_rows_beside_0_and_1(odd: list[str], side: str) -> None:
    y, p, s = two()
    if side != "predictions":
        y[: len(odd)] = odd
    if side != "labels":
        p[-len(odd) :] = odd
    found = measured(y, p, s)
    positive = (y == "1", p == "1")
    assert found["precision"].value == pytest.approx(sk.precision_score(*positive))
    assert found["recall"].value == pytest.approx(sk.recall_score(*positive))
    assert found["f1"].value == pytest.approx(sk.f1_score(*positive))
    kept = np.isin(y, ["0", "1"])
    assert found["roc_auc"].value == pytest.approx(sk.roc_auc_score(y[kept] == "1", s[kept]))
    assert found["log_loss"].value == pytest.approx(sk.log_loss(y[kept] == "1", s[kept]))
    assert found["roc_auc"].n == found["recall_macro"].n == kept.sum()
    assert found["recall_macro"].value == pytest.approx(MACRO["recall_macro"](list(y[kept]), list(p[kept])))


def test_a_real_third_class_is_no_odd_row() -> None:
    y, p, s = two()
    y[: N // 5] = "2"
    found = measured(y, p, s)
    assert found["roc_auc"].reason == "no positive class is declared (predictions.positive)"
    assert "precision" not in found


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_log_loss_is_cut_at_the_epsilon_of_the_scores_own_type(kind: type) -> None:
    s, y = np.array([0, 1, 0.5, 0.25], kind), np.array([1, 1, 0, 1])
    found = measured(y.astype(str), (s > 0.5).astype(int).astype(str), s)
    assert found["log_loss"].value == pytest.approx(sk.log_loss(y, s), rel=1e-3 if kind is np.float16 else 1e-6)


@pytest.mark.parametrize("beyond", [1.0000001, -1e-9, 1 + 2**-23, -1e-6])
def test_rounding_at_the_ends_counts_as_the_ends(beyond: float) -> None:
    y, p, s = two()
    s[0] = beyond
    found, cut = measured(y, p, s), np.clip(s, 0, 1)
    assert found["log_loss"].value == pytest.approx(sk.log_loss(y == "1", cut))
    assert found["brier"].value == pytest.approx(sk.brier_score_loss(y == "1", cut))
    assert found["brier"].n == N


BAD = [20.0, -3.0, 1e308, 1.5, np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_score_that_is_none_costs_its_row(bad: float) -> None:
    y, p, s = two()
    s[:2] = bad
    found = measured(y, p, s)
    assert found["log_loss"].value == pytest.approx(sk.log_loss(y[2:] == "1", s[2:]))
    assert (found["log_loss"].n, found["brier"].n) == (N - 2, N - 2)
    assert found["roc_auc"].value is not None


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_so_does_one_among_those_of_several_classes(bad: float) -> None:
    y, p, s = three()
    s["b"][:2] = bad
    found = measured(y, p, s)
    wanted = of_three(y[2:], {name: column[2:] for name, column in s.items()})
    for name in ("log_loss", "brier"):
        assert (found[name].value, found[name].n) == (pytest.approx(wanted[name]), N - 2)


def test_scores_of_a_row_that_do_not_add_up_cost_their_row() -> None:
    y, p, s = three()
    for column in s.values():
        column[:5] *= 0.5
    found = measured(y, p, s)
    assert found["log_loss"].value == pytest.approx(
        of_three(y[5:], {name: column[5:] for name, column in s.items()})["log_loss"]
    )
    assert (found["log_loss"].n, found["roc_auc"].n) == (N - 5, N)


def test_scores_in_percent_have_ranks_and_no_probabilities() -> None:
    y, p, s = two()
    found = measured(y, p, 100 * s)
    assert found["roc_auc"].value == pytest.approx(sk.roc_auc_score(y == "1", s))
    assert found["log_loss"].reason == found["brier"].reason == "scores are not probabilities: most lie outside 0..1"


def test_the_empty_text_is_a_class_and_a_null_is_none() -> None:
    options = {"groupings": [Grouping.overall(4)], "positive": None, "state": State.FINAL}
    found, confusion = classification(["", "", "a", "a"], ["", None, "a", ""], None, **options)
    assert next(m.value for m in found if m.metric == "accuracy") == 0.5
    assert {(cell.y_true, cell.y_pred): cell.n for cell in confusion} == {
        ('""', '""'): 1, ('""', ""): 1, ("a", "a"): 1, ("a", '""'): 1,
    }  # fmt: skip


@pytest.mark.parametrize("huge", [1e308, -1e308, 1e200, np.inf, np.nan])
def test_huge_numbers_give_a_reason_and_no_warning(huge: float) -> None:
    y, p = np.arange(10.0), np.arange(10.0)
    p[0], y[1] = huge, -huge
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = regression(y, p, groupings=[Grouping.overall(10)], state=State.FINAL)
    for m in found:
        assert (m.value is None) == bool(m.reason), m
        assert m.value is None or np.isfinite(m.value), m
    if not np.isfinite(huge):
        assert {m.n for m in found} == {8}


@pytest.mark.parametrize("classes", [3, 5, 10])
def test_scores_logged_with_two_decimals_are_probabilities(classes: int) -> None:
    random = np.random.default_rng(classes)
    given = random.dirichlet(np.ones(classes), 500)
    names = np.array([f"c{i}" for i in range(classes)], object)
    truth = names[[random.choice(classes, p=row) for row in given]]
    scores = {name: given[:, i].round(2) for i, name in enumerate(names)}
    options = {"groupings": [Grouping.overall(500)], "positive": None, "state": State.FINAL}
    found = {m.metric: m for m in classification(truth, truth, scores, **options)[0] if not m.klass}
    assert (found["log_loss"].n, found["brier"].n) == (500, 500)
