"""Intervals against scipy, against slow references, and by how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import binom, binomtest, t

from lamplighter.core.quality.classifiers import classification
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.intervals import Z, order_statistics, student, wilson
from lamplighter.core.quality.regressors import regression
from lamplighter.core.quality.texts import bleu, bleu_counts, text
from lamplighter.core.records.measurement import State

SAMPLES = 1000


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 30), (3, 7), (29, 30), (600, 1000), (10**6, 10**6)])
def test_wilson_equals_scipy(hits, n):
    theirs = binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert np.ravel(wilson([hits], [n])) == pytest.approx([theirs.low, theirs.high], abs=1e-12)


@pytest.mark.parametrize("q", [0.05, 0.25, 0.5, 0.95])
def test_order_statistics_are_binomial_quantiles(q):
    n = np.array([1, 2, 5, 6, 20, 71, 72, 1000, 10**6])
    lower, upper = order_statistics(n, q)
    assert lower.tolist() == binom.ppf(0.025, n, q).tolist()
    assert upper.tolist() == (binom.ppf(0.975, n, q) + 1).tolist()
    exists = (lower >= 1) & (upper <= n)
    holds = binom.cdf(upper - 1, n, q) - binom.cdf(lower - 1, n, q)
    assert (holds[exists] >= 0.95).all()


def test_student_equals_scipy():
    lower, upper = student(np.array([3.0]), np.array([0.5]), np.array([8]))
    assert (lower[0], upper[0]) == pytest.approx(t.interval(0.95, 7, 3.0, 0.5))


def measured(y_true, y_pred, y_score, grouping):
    found, _ = classification(y_true, y_pred, y_score, groupings=[grouping], positive="1", state=State.FINAL)
    return [m for m in found if not m.klass]


def test_delong_equals_the_sum_over_all_pairs():
    random = np.random.default_rng(3)
    for n in (4, 15, 60):
        positive = np.arange(n) % 3 == 0
        score = (random.normal(size=n) + positive).round(1)
        high, low = score[positive][:, None], score[~positive][None, :]
        won = (high > low) + (high == low) / 2
        variance = won.mean(1).var(ddof=1) / len(high) + won.mean(0).var(ddof=1) / low.size
        auc = won.mean()
        y_true = np.where(positive, "1", "0").astype(object)
        found = {m.metric: m for m in measured(y_true, y_true, score, Grouping.overall(n))}["roc_auc"]
        half = Z * np.sqrt(variance) / (auc * (1 - auc))
        odds = auc / (1 - auc) * np.exp([-half, half])
        assert (found.lower, found.upper) == pytest.approx(tuple(odds / (1 + odds)))


def held(found, truth):
    """Share of the intervals of each metric that hold the truth."""
    share = {}
    for metric, value in truth.items():
        bounds = [(m.lower, m.upper) for m in found if m.metric == metric and m.lower is not None]
        assert len(bounds) > 0.98 * SAMPLES, metric
        share[metric] = np.mean([lower <= value <= upper for lower, upper in bounds])
    return share


def samples(n):
    return Grouping([str(sample) for sample in range(SAMPLES)], np.repeat(np.arange(SAMPLES), n))


def binormal(n, random):
    """Scores of a quarter of positive rows, one standard deviation higher."""
    positive = random.random(n) < 0.25
    score = random.normal(size=n) + positive
    return np.where(positive, "1", "0").astype(object), np.where(score > 0.8, "1", "0").astype(object), ndtr(score)


@pytest.mark.parametrize("n", [60, 200])
def test_intervals_of_classes_hold_the_truth_95_times_in_100(n):
    random = np.random.default_rng(n)
    truth = {m.metric: m.value for m in measured(*binormal(300_000, random), Grouping.overall(300_000))}
    assert truth["roc_auc"] == pytest.approx(ndtr(1 / np.sqrt(2)), abs=0.003)
    share = held(measured(*binormal(n * SAMPLES, random), samples(n)), truth)
    # Boyd's interval is a wide one when the positive rows are few.
    assert all(0.92 < value < (0.99 if metric == "pr_auc" else 0.975) for metric, value in share.items()), share


def test_intervals_of_macro_averages_hold_the_truth_95_times_in_100():
    random = np.random.default_rng(5)

    def draw(n):
        klass = random.choice(3, n, p=[0.5, 0.3, 0.2])
        odds = np.exp(random.normal(size=(n, 3)) + 1.2 * np.eye(3)[klass])
        score = odds / odds.sum(axis=1, keepdims=True)
        text = klass.astype(str).astype(object), score.argmax(axis=1).astype(str).astype(object)
        return *text, {str(column): score[:, column] for column in range(3)}

    metrics = ("f1_macro", "precision_macro", "balanced_accuracy", "f1_weighted", "roc_auc", "log_loss", "brier")
    truth = {m.metric: m.value for m in measured(*draw(300_000), Grouping.overall(300_000)) if m.metric in metrics}
    share = held(measured(*draw(150 * SAMPLES), samples(150)), truth)
    assert all(0.925 < value < 0.975 for value in share.values()), share


def test_a_rare_class_does_not_make_balanced_accuracy_too_sure():
    random = np.random.default_rng(9)
    recalls, labels = np.array([0.8, 0.9]), np.tile(np.repeat([0, 1], [54, 6]), SAMPLES)
    answers = np.where(random.random(len(labels)) < recalls[labels], labels, 1 - labels)
    found = measured(labels.astype(str), answers.astype(str), None, samples(60))
    assert 0.93 < held(found, {"balanced_accuracy": 0.85})["balanced_accuracy"] < 0.985


def test_intervals_of_numbers_hold_the_truth_95_times_in_100():
    random = np.random.default_rng(6)
    x, noise = random.normal(size=(2, 100 * SAMPLES))
    found = regression(x + noise, x + 0.1, groupings=[samples(100)], state=State.FINAL)
    truth = {"mse": 1.01, "rmse": np.sqrt(1.01), "bias": 0.1, "mae": 0.8019, "r2": 1 - 1.01 / 2}
    truth |= {"residual_q05": 0.1 - 1.6449, "residual_q50": 0.1, "residual_q75": 0.1 + 0.6745}
    share = held(found, truth)
    assert all(0.92 < value < 0.99 for value in share.values()), share


def test_error_of_r2_equals_that_of_resampled_rows():
    random = np.random.default_rng(8)
    x, noise = random.normal(size=(2, 300))
    true, pred = x + 0.5 * noise, x
    found = {m.metric: m for m in regression(true, pred, groupings=[Grouping.overall(300)], state=State.FINAL)}["r2"]
    drawn = random.integers(0, 300, (SAMPLES, 300)).ravel()
    resampled = regression(true[drawn], pred[drawn], groupings=[samples(300)], state=State.FINAL)
    spread = np.std([m.value for m in resampled if m.metric == "r2"])
    assert (found.upper - found.lower) / (2 * Z) == pytest.approx(spread, rel=0.1)


def test_bleu_error_equals_that_of_resampled_corpora():
    random = np.random.default_rng(7)
    words = np.array(["lamps", "are", "lit", "by", "night", "along", "every", "dark", "street"])
    references = [" ".join(random.choice(words, 12)) for _ in range(80)]
    # Shorter answers are worse ones, so that what shortness adds to the error is not lost in the sum.
    lengths = random.integers(6, 13, 80)
    keep = [
        [w if random.random() < n / 13 else "moon" for w in one.split()]
        for n, one in zip(lengths, references, strict=True)
    ]
    answers = [" ".join(one[:n]) for n, one in zip(lengths, keep, strict=True)]
    found = text(references, answers, groupings=[Grouping.overall(80)], state=State.FINAL)[0]

    counts = bleu_counts(references, answers)
    drawn = random.integers(0, 80, (400, 80))
    resampled = bleu(counts[drawn.ravel()], Grouping([""] * 400, np.repeat(np.arange(400), 80))).value
    ours = np.log(found.upper / found.lower) / (2 * Z)
    assert ours == pytest.approx(np.log(resampled).std(), rel=0.15)
