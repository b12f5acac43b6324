"""The table of quality metrics: what each is, how far it can go, and how its interval is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CLASSES = frozenset({"classification"})
NUMBERS = frozenset({"regression"})
LISTS = frozenset({"ranking"})
TEXTS = frozenset({"text"})


@dataclass(frozen=True, slots=True)
class Metric:
    """What is known of a metric before anything is measured.

    Attributes
    ----------
    kinds : frozenset of str
        Kinds of model that it is measured for.
    lower, upper : float or None
        What its value and its interval cannot go beyond; None where they can.
    better : {"higher", "lower", "zero", "neither"}
        Where the best value lies.
    interval : str
        How the 95 % interval is made, or ``none``.
    help : str
        One line for people.
    formula : str
        How it is computed, or by whose definition.

    Examples
    --------
    >>> METRICS["accuracy"].better, METRICS["accuracy"].interval
    ('higher', 'Wilson')
    """

    kinds: frozenset[str]
    lower: float | None
    upper: float | None
    better: Literal["higher", "lower", "zero", "neither"]
    interval: str
    help: str
    formula: str


METRICS = {
    "accuracy": Metric(
        CLASSES, 0, 1, "higher", "Wilson",
        "Share of rows predicted right.",
        "sum of TP over classes / n",
    ),
    "balanced_accuracy": Metric(
        CLASSES, 0, 1, "higher", "Wilson, combined by MOVER",
        "Mean recall of the classes that occur among the labels.",
        "mean of TP / (TP + FN); Brodersen et al. 2010",
    ),
    "precision": Metric(
        CLASSES, 0, 1, "higher", "Wilson",
        "Share of the rows predicted as the class that are of it.",
        "TP / (TP + FP)",
    ),
    "recall": Metric(
        CLASSES, 0, 1, "higher", "Wilson",
        "Share of the rows of the class that are predicted as it.",
        "TP / (TP + FN)",
    ),
    "f1": Metric(
        CLASSES, 0, 1, "higher", "Wilson of the Jaccard index",
        "Harmonic mean of precision and recall.",
        "2 TP / (2 TP + FP + FN); van Rijsbergen 1979",
    ),
    "precision_macro": Metric(
        CLASSES, 0, 1, "higher", "Wilson, combined by MOVER",
        "Mean precision of the classes that are predicted.",
        "mean of TP / (TP + FP)",
    ),
    "recall_macro": Metric(
        CLASSES, 0, 1, "higher", "Wilson, combined by MOVER",
        "Mean recall of the classes that are labelled.",
        "mean of TP / (TP + FN)",
    ),
    "f1_macro": Metric(
        CLASSES, 0, 1, "higher", "delta method, logit",
        "Mean F1 of the classes.",
        "mean of 2 TP / (2 TP + FP + FN); Takahashi et al. 2022",
    ),
    "precision_weighted": Metric(
        CLASSES, 0, 1, "higher", "delta method, logit",
        "Precision of the classes that are predicted, each weighted by its labels.",
        "sum of (TP + FN) / n * TP / (TP + FP)",
    ),
    "recall_weighted": Metric(
        CLASSES, 0, 1, "higher", "delta method, logit",
        "Recall of the classes, each weighted by its labels; equals accuracy.",
        "sum of (TP + FN) / n * TP / (TP + FN)",
    ),
    "f1_weighted": Metric(
        CLASSES, 0, 1, "higher", "delta method, logit",
        "F1 of the classes, each weighted by its labels.",
        "sum of (TP + FN) / n * 2 TP / (2 TP + FP + FN)",
    ),
    "roc_auc": Metric(
        CLASSES, 0, 1, "higher", "DeLong, logit",
        "Chance that a row of the class scores above a row of another; of several classes the mean.",
        "midranks; DeLong, DeLong and Clarke-Pearson 1988",
    ),
    "pr_auc": Metric(
        CLASSES, 0, 1, "higher", "Boyd, logit; none over several classes",
        "Average precision of the scores; of several classes the mean.",
        "sum over thresholds of (R[i] - R[i-1]) P[i]; Boyd, Eng and Page 2013",
    ),
    "log_loss": Metric(
        CLASSES, 0, None, "lower", "Student",
        "Mean surprise of the probabilities, in nats.",
        "mean of -log(probability of the label), cut at the epsilon of the scores' type",
    ),
    "brier": Metric(
        CLASSES, 0, 2, "lower", "Student",
        "Mean squared distance of the probabilities from the answer; at most 1 with two classes.",
        "mean of (p - y) ** 2, with more than two classes summed over them; Brier 1950",
    ),
    "mae": Metric(
        NUMBERS, 0, None, "lower", "Student",
        "Mean distance of the predictions from the labels, in the target's unit.",
        "mean of |y_pred - y_true|",
    ),
    "mse": Metric(
        NUMBERS, 0, None, "lower", "Student",
        "Mean squared distance of the predictions from the labels.",
        "mean of (y_pred - y_true) ** 2",
    ),
    "rmse": Metric(
        NUMBERS, 0, None, "lower", "Student of the mse",
        "Root of the mean squared distance, in the target's unit.",
        "sqrt(mse)",
    ),
    "r2": Metric(
        NUMBERS, None, 1, "higher", "delta method",
        "Share of the variance of the labels that the predictions explain.",
        "1 - sum of (y_pred - y_true) ** 2 / sum of (y_true - mean) ** 2",
    ),
    "median_absolute_error": Metric(
        NUMBERS, 0, None, "lower", "order statistics",
        "Median distance of the predictions from the labels, in the target's unit.",
        "median of |y_pred - y_true|",
    ),
    "bias": Metric(
        NUMBERS, None, None, "zero", "Student",
        "How much too high the predictions are on average, in the target's unit.",
        "mean of y_pred - y_true",
    ),
    **{
        f"residual_q{percent:02d}": Metric(
            NUMBERS, None, None, "zero", "order statistics",
            f"The residual that {percent} % of the rows stay below, in the target's unit.",
            f"{percent / 100} quantile of y_pred - y_true, linear; Hyndman and Fan 1996, type 7",
        )
        for percent in (5, 25, 50, 75, 95)
    },
    "target_distance": Metric(
        NUMBERS, 0, None, "lower", "none",
        "Distance between the distributions of labels and predictions, in the target's unit.",
        "Wasserstein-1: mean of |sorted y_true - sorted y_pred|",
    ),
    "top_k_accuracy": Metric(
        LISTS, 0, 1, "higher", "Wilson",
        "Share of rows with a relevant item among the first k.",
        "rows with a hit / n",
    ),
    "ndcg": Metric(
        LISTS, 0, 1, "higher", "Student",
        "How near to the top the relevant items stand among the first k.",
        "mean of DCG / best DCG, DCG = sum of 1 / log2(place + 1); Järvelin and Kekäläinen 2002",
    ),
    "mrr": Metric(
        LISTS, 0, 1, "higher", "Student",
        "Mean reciprocal place of the first relevant item among the first k, 0 without one.",
        "mean of 1 / place; Voorhees 1999",
    ),
    "item_share": Metric(
        LISTS, 0, 1, "neither", "Wilson",
        "Share of the first k places that the item holds.",
        "lists that show the item / places filled",
    ),
    "bleu": Metric(
        TEXTS, 0, 100, "higher", "delta method, logarithm",
        "Overlap of 1- to 4-grams with the references, over all texts together.",
        "sacrebleu, 13a tokens, in scripts without spaces characters, exp smoothing; Papineni et al. 2002, Post 2018",
    ),
    "rouge1": Metric(
        TEXTS, 0, 1, "higher", "Student",
        "Mean overlap of words with the references.",
        "F-measure, no stemmer; words in any script; Lin 2004",
    ),
    "rouge2": Metric(
        TEXTS, 0, 1, "higher", "Student",
        "Mean overlap of pairs of words with the references.",
        "F-measure, no stemmer; words in any script; Lin 2004",
    ),
    "rougeL": Metric(
        TEXTS, 0, 1, "higher", "Student",
        "Mean overlap of the longest common sequence of words with the references.",
        "F-measure, no stemmer; words in any script; Lin 2004",
    ),
}  # fmt: skip
