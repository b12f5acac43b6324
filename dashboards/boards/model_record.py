"""What is recorded of a model, and when it ran."""

from __future__ import annotations

from dashboards.boards import history_sql
from dashboards.boards.model_queries import of_the_model
from dashboards.panels import Column, Panel, Row
from dashboards.queries import PromQL

SEVERITIES = (("critical", "critical", "red"), ("warning", "warning", "orange"))
VERDICTS = (("failed", "failed", "red"), ("undecided", "undecided", "yellow"), ("passed", "passed", "green"))

RECORD = Row(
    60,
    "Record",
    (
        Panel(
            61,
            "Incidents",
            "Incidents that were open in the time range, as recorded.",
            "short",
            (history_sql.INCIDENTS,),
            "table",
            columns=(
                Column("severity", words=SEVERITIES, width=90),
                Column("opened", "dateTimeAsIso", width=170),
                Column("closed", "dateTimeAsIso", width=170),
                Column("lasted", "s", width=90),
                Column("window", "dateTimeAsIso", width=170),
            ),
        ),
        Panel(
            62,
            "Checks of the last run",
            "What the last run of the time range decided, with the value and the limits it was held against.",
            "short",
            (history_sql.DECISIONS,),
            "table",
            columns=(
                Column("verdict", words=VERDICTS, width=100),
                Column("window", "dateTimeAsIso", width=170),
            ),
        ),
        Panel(
            63,
            "Retrainings",
            "Retrainings and trials that were asked for in the time range, what became of them, and the gain over the "
            "champion with its interval.",
            "short",
            (history_sql.RETRAININGS,),
            "table",
            columns=(Column("asked", "dateTimeAsIso", width=170),),
        ),
        Panel(
            64,
            "Runs",
            "Runs of the time range, the newest first.",
            "short",
            (history_sql.RUNS,),
            "table",
            has_logs=True,
            columns=(
                Column("window", "dateTimeAsIso", width=170),
                Column("due", "dateTimeAsIso", width=170),
                Column("took", "s", width=90),
            ),
        ),
    ),
)

RUNS = Row(
    40,
    "Runs",
    (
        Panel(
            41,
            "Last success",
            "When a run last ended without a failure.",
            "dateTimeAsIso",
            (PromQL(of_the_model("lamplighter_run_last_success_timestamp_seconds"), "last success"),),
            "value",
            6,
        ),
        Panel(
            42,
            "Window of the last run",
            "Start of the window of the last run.",
            "dateTimeAsIso",
            (PromQL(of_the_model("lamplighter_run_evaluated_day_timestamp_seconds"), "window"),),
            "value",
            6,
        ),
        Panel(
            43,
            "Window of quality",
            "When the window began that quality is shown of; it waits for its labels.",
            "dateTimeAsIso",
            (
                PromQL(
                    of_the_model("lamplighter_quality_window_timestamp_seconds"), "window", needs=("labels_coverage",)
                ),
            ),
            "value",
            6,
        ),
        Panel(
            44,
            "Duration",
            "How long a run took until it published.",
            "s",
            (PromQL(of_the_model("lamplighter_run_duration_seconds"), "seconds"),),
            width=6,
        ),
    ),
)
