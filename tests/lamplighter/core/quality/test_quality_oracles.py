"""Every metric of the table, in every group, against scikit-learn, scipy, sacrebleu or a hand count on that group."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
import sacrebleu
from rouge_score.rouge_scorer import RougeScorer
from scipy.stats import wasserstein_distance
from sklearn import metrics as sk

from lamplighter.core.quality.classifiers import classification
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.rankers import ranking
from lamplighter.core.quality.regressors import regression
from lamplighter.core.quality.texts import text
from lamplighter.core.records.catalogue import DETECTIONS, QUALITY_METRICS
from lamplighter.core.records.measurement import Measurement, State

SEEDS = range(16)
K = 3
NOTHING = "∅"
WORDS = ["the", "lamp", "lamps", "are", "is", "lit", "at", "by", "night", "every", "street", "dark", ".", ","]
ITEMS = list("abcdefgh")


@dataclass(frozen=True)
class Scan:
    """Rows of one kind of model."""

    y_true: object
    y_pred: object
    y_score: object = None

    def of(self, rows):
        """Some of the rows."""
        taken = {"y_true": self.y_true, "y_pred": self.y_pred, "y_score": self.y_score}
        return Scan(**{name: _take(column, rows) for name, column in taken.items()})


def _take(column, rows):
    if column is None:
        return None
    if isinstance(column, dict):
        return {name: part[rows] for name, part in column.items()}
    return column[rows] if isinstance(column, np.ndarray) else [column[row] for row in rows]


def _size(random):
    return int(random.choice([1, 2, 3, 7, 20, 60, 200]))


def binary(random):
    """Scores with ties; labels from balanced to one class only; some answers and scores are missing."""
    n = _size(random)
    truth = random.random(n) < random.choice([0.0, 0.02, 0.3, 0.5, 1.0], p=[0.05, 0.15, 0.35, 0.4, 0.05])
    score = np.clip(0.25 + 0.4 * truth + random.normal(0, 0.3, n), 0, 1).round(int(random.integers(1, 4)))
    answers = np.where(score > 0.5, "1", "0").astype(object)
    answers[random.random(n) < 0.05] = None
    score[random.random(n) < 0.1] = np.nan
    return Scan(np.where(truth, "1", "0").astype(object), answers, score)


def multiclass(random):
    """Three classes, one of them rare, with scores that add up to 1."""
    n = _size(random)
    truth = random.choice(3, n, p=[0.6, 0.3, 0.1])
    odds = np.exp(random.normal(size=(n, 3)) + 1.5 * np.eye(3)[truth]).round(1) + 0.1
    score = odds / odds.sum(axis=1, keepdims=True)
    names = np.array(["cat", "dog", "fox"], object)
    columns = {name: score[:, klass] for klass, name in enumerate(names)}
    return Scan(names[truth], names[score.argmax(axis=1)], columns)


def numbers(random):
    """Heavy tails, ties, constants, and rows that are not finite."""
    n = _size(random)
    truth = random.standard_t(3, n).round(int(random.integers(0, 4))) * random.choice([0, 1, 1, 1000])
    answers = (truth + random.normal(0.2, 1, n)).round(2)
    truth[random.random(n) < 0.05] = np.nan
    answers[random.random(n) < 0.05] = np.inf
    return Scan(truth, answers)


def lists(random):
    """Lists of unequal length, some with a repeated item; some rows have several right answers and some none."""
    n = _size(random)
    answers = [random.choice(ITEMS, random.integers(0, 7), replace=True).tolist() for _ in range(n)]
    truth = [random.choice(ITEMS, random.integers(0, 4), replace=False).tolist() for _ in range(n)]
    return Scan([one[0] if len(one) == 1 else one for one in truth], answers)


def texts(random):
    """Short texts that share words; some are empty."""
    n = min(_size(random), 20)
    sentence = lambda: " ".join(random.choice(WORDS, random.integers(0, 12)))  # noqa: E731
    references = [sentence() for _ in range(n)]
    return Scan(references, [one if random.random() < 0.4 else one[:25] + " " + sentence() for one in references])


def measure_classes(rows, groupings):
    positive = "1" if isinstance(rows.y_score, np.ndarray) else None
    options = {"groupings": groupings, "positive": positive, "state": State.FINAL}
    return classification(rows.y_true, rows.y_pred, rows.y_score, **options)[0]


def measure_numbers(rows, groupings):
    return regression(rows.y_true, rows.y_pred, groupings=groupings, state=State.FINAL)


def measure_lists(rows, groupings):
    return ranking(rows.y_true, rows.y_pred, k=K, groupings=groupings, state=State.FINAL)


def measure_texts(rows, groupings):
    return text(rows.y_true, rows.y_pred, groupings=groupings, state=State.FINAL)


KINDS = {
    "binary": (binary, measure_classes),
    "multiclass": (multiclass, measure_classes),
    "numbers": (numbers, measure_numbers),
    "lists": (lists, measure_lists),
    "texts": (texts, measure_texts),
}
OF_KIND = {
    "classification": ["binary", "multiclass"],
    "regression": ["numbers"],
    "ranking": ["lists"],
    "text": ["texts"],
}


def answers(rows):
    return np.array([NOTHING if answer is None else answer for answer in rows.y_pred], object)


def seen(rows):
    return sorted({*rows.y_true, *answers(rows)} - {NOTHING})


def averaged(score, average):
    # Of a class that is never predicted scikit-learn would count a 0, and warn; with nan it leaves the class out.
    options = {"average": average, "zero_division": np.nan}
    return lambda rows: score(rows.y_true, answers(rows), labels=seen(rows), **options)


def of_class(score, klass):
    return lambda rows: score(rows.y_true, answers(rows), labels=[klass], average="macro")


def scored(one, many):
    """Oracle of rows with scores: ``one(is positive, score)`` or ``many(one-hot truth, truth, scores)``."""

    def oracle(rows):
        if isinstance(rows.y_score, dict):
            names, columns = list(rows.y_score), np.column_stack(list(rows.y_score.values()))
            return many(np.array(rows.y_true)[:, None] == names, list(rows.y_true), columns)
        has = np.isfinite(rows.y_score)
        return one(rows.y_true[has] == "1", rows.y_score[has])

    return oracle


def finite(score):
    def oracle(rows):
        keep = np.isfinite(rows.y_true) & np.isfinite(rows.y_pred)
        return score(rows.y_true[keep], rows.y_pred[keep])

    return oracle


def residual(q):
    return finite(lambda true, pred: np.quantile(pred - true, q))


def explained(true, pred):
    return None if len(true) < 2 or np.ptp(true) == 0 else sk.r2_score(true, pred)


def despite_warnings(score):
    def oracle(rows):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return score(rows)

    return oracle


def balanced(rows):
    # Of a class that is predicted but never labelled scikit-learn warns; the mean over the labelled ones stands.
    return None if len(set(rows.y_true)) < 2 else sk.balanced_accuracy_score(rows.y_true, answers(rows))


def judged(rows):
    """Relevant items and the first K shown, of the rows that have a relevant item."""
    pairs = zip(rows.y_true, rows.y_pred, strict=True)
    relevant = [({one} if isinstance(one, str) else set(one), shown[:K]) for one, shown in pairs]
    return [pair for pair in relevant if pair[0]]


def average_over(grade):
    return lambda rows: float(np.mean([grade(*pair) for pair in judged(rows)])) if judged(rows) else None


def ndcg(relevant, shown):
    """scikit-learn's; a place that a short list or a repeated item leaves empty goes to an irrelevant item."""
    places = [item if item not in shown[:at] else f"repeated {at}" for at, item in enumerate(shown)]
    places += [f"empty {at}" for at in range(K - len(shown))]
    places += [item for item in ITEMS if item not in shown]
    return sk.ndcg_score([[item in relevant for item in places]], [[-at for at in range(len(places))]], k=K)


def reciprocal(relevant, shown):
    return max((1 / (shown.index(item) + 1) for item in relevant if item in shown), default=0.0)


def bleu(rows):
    score = sacrebleu.corpus_bleu(rows.y_pred, [rows.y_true])
    return score.score if score.totals[3] else None


def rouge(name):
    def oracle(rows):
        scorer = RougeScorer([name])
        pairs = zip(rows.y_true, rows.y_pred, strict=True)
        return np.mean([scorer.score(true, pred)[name].fmeasure for true, pred in pairs])

    return oracle


ORACLES = {
    "accuracy": lambda rows: sk.accuracy_score(rows.y_true, answers(rows)),
    "balanced_accuracy": despite_warnings(balanced),
    "precision": of_class(sk.precision_score, "1"),
    "recall": of_class(sk.recall_score, "1"),
    "f1": of_class(sk.f1_score, "1"),
    "precision_macro": averaged(sk.precision_score, "macro"),
    "recall_macro": averaged(sk.recall_score, "macro"),
    "f1_macro": averaged(sk.f1_score, "macro"),
    "precision_weighted": averaged(sk.precision_score, "weighted"),
    "recall_weighted": averaged(sk.recall_score, "weighted"),
    "f1_weighted": averaged(sk.f1_score, "weighted"),
    "roc_auc": scored(sk.roc_auc_score, lambda hot, true, score: sk.roc_auc_score(hot, score)),
    "pr_auc": scored(sk.average_precision_score, lambda hot, true, score: sk.average_precision_score(hot, score)),
    "log_loss": scored(
        lambda true, score: sk.log_loss(true, score, labels=[False, True]),
        lambda hot, true, score: sk.log_loss(true, score, labels=["cat", "dog", "fox"]),
    ),
    "brier": scored(
        lambda true, score: sk.brier_score_loss(true, score, labels=[False, True]),
        lambda hot, true, score: sk.brier_score_loss(true, score, labels=["cat", "dog", "fox"]),
    ),
    "mae": finite(sk.mean_absolute_error),
    "mse": finite(sk.mean_squared_error),
    "rmse": finite(sk.root_mean_squared_error),
    "r2": finite(explained),
    "median_absolute_error": finite(sk.median_absolute_error),
    "bias": finite(lambda true, pred: np.mean(pred) - np.mean(true)),
    "residual_q05": residual(0.05),
    "residual_q25": residual(0.25),
    "residual_q50": residual(0.50),
    "residual_q75": residual(0.75),
    "residual_q95": residual(0.95),
    "target_distance": finite(wasserstein_distance),
    "top_k_accuracy": average_over(lambda relevant, shown: bool(relevant & set(shown))),
    "ndcg": average_over(ndcg),
    "mrr": average_over(reciprocal),
    "bleu": bleu,
    "rouge1": rouge("rouge1"),
    "rouge2": rouge("rouge2"),
    "rougeL": rouge("rougeL"),
}


def expected(metric, rows):
    """Oracle's value, or None where it has none: it warns, or refuses."""
    if len(rows.y_true) == 0:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Said of tiny groups; the value stands.
        warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%")
        try:
            value = ORACLES[metric](rows)
        except (UserWarning, RuntimeWarning, ValueError, IndexError):
            return None
    return None if value is None or not np.isfinite(value) else float(value)


@cache
def measured(name, seed):
    """Rows, their groupings, and what was measured, by metric and group."""
    random = np.random.default_rng(seed)
    make, measure = KINDS[name]
    rows = make(random)
    n = len(rows.y_true)
    inside = random.integers(-1, 3, n)
    groupings = [
        Grouping.overall(n),
        Grouping(["g=a", "g=b", "g=c"], inside),
        Grouping(["v1"], np.zeros(n, int), "version"),
    ]
    found = {(m.metric, m.segment, m.version): m for m in measure(rows, groupings) if not m.klass}
    return rows, groupings, found


NOT_GIVEN = {(metric, "multiclass") for metric in ("precision", "recall", "f1")} | {("item_share", "lists")}
CASES = [
    pytest.param(metric, name, id=f"{metric}-{name}")
    for metric, known in QUALITY_METRICS.items()
    for kind in sorted(known.kinds - DETECTIONS)
    for name in OF_KIND[kind]
    if (metric, name) not in NOT_GIVEN
]


def test_every_metric_has_an_oracle():
    # The oracle of boxes is pycocotools, in test_detections_oracles.py.
    of_boxes = {name for name, known in QUALITY_METRICS.items() if known.kinds == DETECTIONS}
    assert set(QUALITY_METRICS) - of_boxes == {*ORACLES, "item_share"}


@pytest.mark.parametrize(("metric", "name"), CASES)
def test_every_group_equals_the_oracle_on_its_rows(metric, name):
    values = 0
    for seed in SEEDS:
        rows, groupings, found = measured(name, seed)
        for grouping in groupings:
            for group, members in enumerate(grouping.members):
                got = found[(metric, *grouping.key(group))]
                want = expected(metric, rows.of(members))
                where = f"seed {seed}, group {group}: {got}"
                assert (got.value is None) == (want is None), f"{where}, oracle {want}"
                assert (got.value is None) == bool(got.reason), where
                assert got.value == (None if want is None else pytest.approx(want, rel=1e-9, abs=1e-12)), where
                values += want is not None
    assert values > 20


@pytest.mark.parametrize(("metric", "name"), CASES)
def test_values_and_intervals_stay_in_bounds(metric, name):
    known, intervals = QUALITY_METRICS[metric], 0
    lowest = -np.inf if known.lower is None else known.lower
    highest = np.inf if known.upper is None else known.upper
    for seed in SEEDS:
        for found in measured(name, seed)[2].values():
            if found.metric != metric:
                continue
            assert (found.lower is None) == (found.upper is None)
            if found.lower is not None:
                assert lowest <= found.lower <= found.value <= found.upper <= highest, found
                intervals += 1
            elif found.value is not None:
                assert lowest <= found.value <= highest + 1e-12, found
    assert (intervals > 0) == (known.interval != "none" and (metric, name) != ("pr_auc", "multiclass"))


@pytest.mark.parametrize("name", KINDS)
def test_a_group_equals_its_rows_alone(name):
    for seed in SEEDS:
        rows, groupings, found = measured(name, seed)
        for group, members in enumerate(groupings[1].members):
            segment = groupings[1].names[group]
            alone = KINDS[name][1](rows.of(members), [Grouping([segment], np.zeros(len(members), int))])
            for one in alone:
                # Which class is the positive one is settled for the window, so fewer rows may settle it otherwise.
                if (one.metric, name) not in NOT_GIVEN:
                    assert_same(found[(one.metric, segment, "")], one)


def assert_same(one: Measurement, other: Measurement) -> None:
    numbers = ("value", "lower", "upper")
    for part in numbers:
        got, want = getattr(one, part), getattr(other, part)
        assert got == (None if want is None else pytest.approx(want, rel=1e-9, abs=1e-12)), (one, other)
    blank = dict.fromkeys(numbers)
    assert replace(one, **blank) == replace(other, **blank)


def test_item_shares_count_places():
    for seed in SEEDS:
        rows = lists(np.random.default_rng(seed))
        shown = Counter(item for one in rows.y_pred for item in set(one[:K]))
        found = [m for m in measure_lists(rows, [Grouping.overall(len(rows.y_true))]) if m.metric == "item_share"]
        assert {m.klass: m.value for m in found} == pytest.approx(
            {item: n / shown.total() for item, n in shown.items()}
        )
        assert all(m.lower <= m.value <= m.upper and m.method == "k=3" for m in found)
