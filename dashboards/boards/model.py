"""A model, day by day: what its runs found."""

from __future__ import annotations

from dashboards.boards import history_sql
from dashboards.boards.history_sql import newest_measured
from dashboards.boards.model_images import IMAGES
from dashboards.boards.model_queries import (
    HIGHEST,
    LOWEST,
    custom,
    measured,
    of_segments,
    of_the_model,
    with_limits,
)
from dashboards.boards.model_record import RECORD, RUNS
from dashboards.boards.more_panels import more_rows
from dashboards.panels import ON_OR_OFF, Board, Mark, Panel, Row, Variable
from dashboards.queries import HISTORY, PromQL
from lamplighter.core.kinds import KINDS

BANDS = "The bands are 95 % intervals; dashed lines are limits of checks."
BANDED = tuple(dict.fromkeys(kind.shown[0] for kind in KINDS.values() if kind.shown))
"""The metrics with a band: the first of each kind of model. Bands of all metrics would cover each other."""
LATE = "By the day that the value is about, as known now: the other panels have it when Prometheus saw it."
SHARES = ("accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "ndcg", "mrr", "rougeL")
ERRORS = ("mae", "rmse", "bias")
RESIDUALS = ("residual_q05", "residual_q25", "residual_q50", "residual_q75", "residual_q95")

DRIFTED = (("0", "steady", "green"), ("1", "drifted", "red"))

QUALITY = Row(
    1,
    "Quality",
    (
        Panel(
            2,
            "Quality",
            f"Of the newest window whose labels are final or cover enough; higher is better. {BANDS}",
            "percentunit",
            with_limits(SHARES, BANDED),
            bands=BANDED,
            is_near=True,
        ),
        Panel(
            8,
            "Quality, by its own day",
            f"Higher is better. {LATE}",
            "percentunit",
            (newest_measured(SHARES),),
            is_near=True,
        ),
        Panel(
            3,
            "Error",
            "Of the same window, in the unit of the target. Bias is how much too high the predictions are on average. "
            + BANDS,
            "short",
            with_limits(ERRORS, BANDED),
            bands=BANDED,
        ),
        Panel(
            9,
            "Error, by its own day",
            f"In the unit of the target. {LATE}",
            "short",
            (newest_measured(ERRORS),),
        ),
        Panel(
            4,
            "F1 by segment",
            "The {largest} lowest of the same window; dashed lines are limits of checks.",
            "percentunit",
            of_segments("f1", LOWEST),
            is_near=True,
        ),
        Panel(
            6,
            "Error by segment",
            "Mean absolute error; the {largest} highest of the same window; dashed lines are limits of checks.",
            "short",
            of_segments("mae", HIGHEST),
        ),
        Panel(
            7,
            "Custom metrics",
            "Of the same window, as the project's own functions compute them; dashed lines are limits of checks.",
            "short",
            custom(),
        ),
        Panel(
            5,
            "Checks that fail",
            "As judged by the last run.",
            "short",
            (PromQL(of_the_model("lamplighter_incident_open"), "{{check}} ({{severity}})"),),
            "states",
            words=ON_OR_OFF,
        ),
    ),
)

ANSWERS = Row(
    50,
    "Answers and truth",
    (
        Panel(
            51,
            "Confusion matrix",
            "Exact counts of labelled rows, summed over the windows of the time range: a row for each true class, a "
            "column for each predicted one.",
            "short",
            (history_sql.CONFUSION,),
            "table",
            matrix=("y_true", "y_pred", "n"),
        ),
        Panel(
            14,
            "Predicted classes",
            "Share of the predictions; the {largest} largest.",
            "percentunit",
            (measured("prediction_share", "{{class}}", HIGHEST),),
            stacked=True,
        ),
        Panel(
            52,
            "Residuals",
            "What 5, 25, 50, 75 and 95 of 100 rows stay below of prediction minus truth, in the unit of the target. "
            "Around 0 is right; a wide fan is uncertain, and a slanted one is wrong on one side.",
            "short",
            tuple(measured(name, f"{int(name[-2:])} %", where='segment="", class=""') for name in RESIDUALS),
        ),
        Panel(
            53,
            "Mean prediction",
            "Mean of the predicted numbers.",
            "short",
            (measured("prediction_mean"),),
        ),
    ),
)

DRIFT = Row(
    10,
    "Drift",
    (
        Panel(
            11,
            "Features that drifted",
            "Share of the features.",
            "percentunit",
            (measured("drift_share"),),
        ),
        Panel(
            15,
            "Features, drifted or not",
            "Each feature by day; the {largest} that drifted, or else the first.",
            "short",
            (measured("drift_detected", "{{feature}}", HIGHEST),),
            "states",
            words=DRIFTED,
        ),
        Panel(
            12,
            "Drift of features",
            "Distance between reference and window; the {largest} largest. Methods have scales of their own, and what "
            "a test decides has a p-value instead, which is further below.",
            "short",
            (measured("drift_statistic", "{{feature}} ({{method}})", HIGHEST),),
        ),
        Panel(
            13,
            "Drift of predictions and scores",
            "Distance between reference and window.",
            "short",
            (measured("prediction_drift_statistic", "{{feature}} ({{method}})"),),
        ),
    ),
)

DATA = Row(
    20,
    "Data",
    (
        Panel(21, "Rows", "Rows of the window, repeated ones left out.", "short", (measured("rows"),), width=8),
        Panel(
            22,
            "Missing values",
            "Share of nulls; the {largest} features with most.",
            "percentunit",
            (measured("missing_ratio", "{{feature}}", HIGHEST),),
            width=8,
        ),
        Panel(
            23,
            "Values that the reference has not",
            "Share of the values of a feature; the {largest} features with most.",
            "percentunit",
            (measured("unseen_ratio", "{{feature}}", HIGHEST),),
            width=8,
        ),
        Panel(
            24,
            "Predictions: none, unsure, repeated",
            "Shares of the rows without a prediction, with a score in the unsure band, or that repeat an id.",
            "percentunit",
            (
                measured("null_prediction_ratio", "none"),
                measured("unsure_ratio", "unsure"),
                measured("repeated_ratio", "repeated"),
            ),
            width=8,
        ),
        Panel(
            25,
            "Values far out",
            "Share of the values of a feature beyond the reference's quartiles by more than three times their "
            "distance; the {largest} features with most.",
            "percentunit",
            (measured("outlier_ratio", "{{feature}}", HIGHEST),),
            width=8,
        ),
        Panel(
            26,
            "Columns that changed",
            "Declared columns that are missing, columns that the reference does not have, and columns of another type.",
            "short",
            (
                measured("columns_missing", "missing"),
                measured("columns_new", "new"),
                measured("types_changed", "of another type"),
            ),
            width=8,
        ),
    ),
)

LABELS = Row(
    30,
    "Labels",
    (
        Panel(
            31,
            "Coverage",
            "Share of the rows of the window that quality is shown of whose label has arrived.",
            "percentunit",
            (measured("labels_coverage"),),
            width=8,
        ),
        Panel(
            33,
            "Coverage, by its own day",
            f"Share of the rows of each window whose label has arrived. {LATE}",
            "percentunit",
            (newest_measured(("labels_coverage",)),),
            width=8,
        ),
        Panel(
            32,
            "Labels that count for nothing",
            "Labels that arrived too late during the run's window, or whose id has no prediction.",
            "short",
            (measured("labels_late", "late"), measured("labels_unknown", "unknown")),
            width=8,
        ),
    ),
)

SHOWN = (QUALITY, ANSWERS, DRIFT, DATA, IMAGES, LABELS, RECORD, RUNS)

CHAMPION = of_the_model("lamplighter_retrain_last_timestamp_seconds").removesuffix(" * 1000")
AN_HOUR_AGO = CHAMPION.replace("[look_back]", "[look_back] offset 1h")

MARKS = (
    Mark("Promotions", history_sql.PROMOTED, "green"),
    Mark("Retrainings", history_sql.RETRAINED, "blue"),
    Mark("Incidents", history_sql.OPENED, "red"),
    Mark("Promotions", PromQL(f"{CHAMPION} unless {CHAMPION} == {AN_HOUR_AGO}", without=HISTORY), "green"),
    Mark("Incidents", PromQL(f"{of_the_model('lamplighter_incident_open')} > 0", "{{check}}", without=HISTORY), "red"),
)

MODEL = Board(
    "model",
    "Lamplighter: a model, day by day",
    "What the runs of one model found. Rendered by `lamplighter render`.",
    (*SHOWN, *more_rows(SHOWN)),
    (Variable("model", "Model", PromQL("label_values(lamplighter_run_last_timestamp_seconds, model)")),),
    MARKS,
)
