"""Every model on one screen, worst first."""

from __future__ import annotations

from dashboards.boards.expressions import OVERDUE, RUN, SUCCESS, by_model, main_quality, newest, room
from dashboards.panels import Board, Colours, Column, Panel, Row, Variable
from dashboards.queries import PromQL, Sql

# A set operation and not a product: for a day after a promotion a model has two series of info, and a product with
# both is an error of the whole query.
TAGS = 'owner=~"$owner", env=~"$env", region=~"$region"'
CHOSEN = f" and on (model) {newest('lamplighter_model_info', TAGS)}"
INFO = "max by (model, version, owner, env, region)"

CRITICAL = by_model("lamplighter_incident_open", 'severity="critical"', "sum")
OTHERS = by_model("lamplighter_incident_open", 'severity!="critical"', "sum")
# A model that never succeeded has no time of a success.
FAILED = f"({RUN} > bool {SUCCESS} or {RUN} * 0 + 1)"
LATE = f"({OVERDUE} > bool 1)"
UNDECIDED = by_model("lamplighter_checks_undecided", how="sum")
ATTENTION = (
    f"(({CRITICAL} or {RUN} * 0) * 100 + ({OTHERS} or {RUN} * 0) * 10 + ({FAILED} + ({LATE} or {RUN} * 0) > bool 0) * 5"
    f" + (({UNDECIDED} > bool 0) or {RUN} * 0)){CHOSEN}"
)

FEW: Colours = ((None, "green"), (1, "orange"))
NONE: Colours = ((None, "green"), (1, "red"))
INCIDENTS: Colours = ((None, "transparent"), (1, "orange"))
SEVERE: Colours = ((None, "transparent"), (1, "red"))
ATTENTIVE: Colours = ((None, "green"), (1, "yellow"), (10, "orange"), (100, "red"))
ROOM: Colours = ((None, "red"), (0, "yellow"), (0.1, "green"))
SHARE: Colours = ((None, "red"), (0.5, "yellow"), (0.9, "green"))
DRIFT: Colours = ((None, "green"), (0.2, "yellow"), (0.5, "red"))
LATENESS: Colours = ((None, "green"), (0.9, "yellow"), (1, "red"))


def _column(text: str, name: str, *needs: str) -> PromQL:
    return PromQL(f"({text}){CHOSEN}", name, needs=needs)


def _choice(name: str, label: str) -> Variable:
    return Variable(name, label, PromQL(f"label_values(lamplighter_model_info, {name})"), has_all=True)


MODELS = Panel(
    1,
    "Models, worst first",
    "Attention adds 100 for each open critical incident, 10 for each other one, 5 where the last run failed or the "
    "next is overdue and 1 where a check is undecided. Room is the distance of the quality from its nearest limit, as "
    "a share of the limit; below 0 it is beyond the limit. Coverage is the share of rows of that window whose label "
    "has arrived. Quality is the first metric of the model's kind. A model opens its own board.",
    "short",
    (
        PromQL(ATTENTION, "attention"),
        PromQL(
            f"{INFO} (lamplighter_model_info{{{TAGS}}}) or on (model) "
            f"topk by (model) (1, {INFO} ({newest('lamplighter_model_info', TAGS)}))",
        ),
        _column(CRITICAL, "critical"),
        _column(OTHERS, "other incidents"),
        _column(main_quality(), "quality"),
        _column(room(), "room"),
        _column(by_model("lamplighter_labels_coverage_ratio"), "coverage", "labels_coverage"),
        _column(by_model("lamplighter_drift_share_ratio"), "drift share", "drift_share"),
        _column(f"time() - {RUN}", "last run"),
        _column(OVERDUE, "overdue"),
    ),
    shows="table",
    width=24,
    height=12,
    sort="attention",
    columns=(
        Column("model", link="model:model", width=200),
        Column("attention", colours=ATTENTIVE, width=90),
        Column("critical", colours=SEVERE, width=80),
        Column("other incidents", colours=INCIDENTS, width=120),
        Column("quality"),
        Column("metric"),
        Column("room", "percentunit", ROOM, width=90),
        Column("coverage", "percentunit", SHARE, width=90),
        Column("drift share", "percentunit", DRIFT, width=100),
        Column("last run", "s", width=90),
        Column("overdue", "percentunit", LATENESS, width=90),
        Column("version"),
        Column("owner"),
        Column("env"),
        Column("region"),
    ),
)

NOW = Row(
    10,
    "Now",
    (
        Panel(
            11,
            "Models",
            "Models that have published gauges.",
            "short",
            (PromQL(f"count({RUN}{CHOSEN})"),),
            "value",
            6,
            4,
        ),
        Panel(
            12,
            "Models with a critical incident",
            "Models of which at least one critical incident is open.",
            "short",
            (PromQL(f"count(({CRITICAL}{CHOSEN}) > 0) or vector(0)"),),
            "value",
            6,
            4,
            NONE,
        ),
        Panel(
            13,
            "Models whose last run failed",
            "Models whose last run ended with a failure, after the last success.",
            "short",
            (PromQL(f"count(({FAILED}{CHOSEN}) > 0) or vector(0)"),),
            "value",
            6,
            4,
            NONE,
        ),
        Panel(
            14,
            "Models whose run is overdue",
            "Models of which no run has succeeded for so long that the next one counts as missing.",
            "short",
            (PromQL(f"count(({LATE}{CHOSEN}) > 0) or vector(0)"),),
            "value",
            6,
            4,
            NONE,
        ),
        MODELS,
    ),
)

OVER_TIME = Row(
    20,
    "Side by side",
    (
        Panel(
            21,
            "Open incidents",
            "Open incidents of each model, of all severities; the {largest} models with most.",
            "short",
            (PromQL(f"topk(largest, {by_model('lamplighter_incident_open', how='sum')}{CHOSEN})", "{{model}}"),),
        ),
        Panel(
            22,
            "Room to the nearest limit",
            "Distance of each model's quality from its nearest limit, as a share of the limit; below 0 it is beyond. "
            "The {largest} models with least.",
            "percentunit",
            (PromQL(f"bottomk(largest, ({room()}){CHOSEN})", "{{model}}"),),
            "bars",
            colours=ROOM,
            is_near=True,
        ),
        Panel(
            23,
            "Label coverage",
            "Share of the rows of the window that quality is shown of whose label has arrived; the {largest} models "
            "with least.",
            "percentunit",
            (
                PromQL(
                    f"bottomk(largest, {by_model('lamplighter_labels_coverage_ratio')}{CHOSEN})",
                    "{{model}}",
                    needs=("labels_coverage",),
                ),
            ),
            "bars",
            8,
            colours=SHARE,
        ),
        Panel(
            24,
            "Features that drifted",
            "Share of the features of each model that drifted in its newest window; the {largest} models with most.",
            "percentunit",
            (
                PromQL(
                    f"topk(largest, {by_model('lamplighter_drift_share_ratio')}{CHOSEN})",
                    "{{model}}",
                    needs=("drift_share",),
                ),
            ),
            "bars",
            8,
            colours=DRIFT,
        ),
        Panel(
            25,
            "Rows of a window",
            "Rows that each model answered in its newest window; the {largest} models with most.",
            "short",
            (PromQL(f"topk(largest, {by_model('lamplighter_data_rows')}{CHOSEN})", "{{model}}"),),
            "bars",
            8,
        ),
    ),
)

EXACT = Row(
    30,
    "From the history",
    (
        Panel(
            31,
            "Open incidents of all models",
            "Every incident that is open, by the day for which it was opened. It is asked of the history, which knows "
            "no owner, environment or region of a model: what is chosen above does not count here.",
            "short",
            (
                Sql(
                    'SELECT model, check_name AS check, severity, opened_on AS "opened", window_start AS "window"\n'
                    "FROM incident WHERE closed_on IS NULL\n"
                    "ORDER BY severity = 'critical' DESC, opened_on DESC LIMIT 100"
                ),
            ),
            "table",
            24,
            columns=(
                Column("model", link="model:model"),
                Column("severity", words=(("critical", "critical", "red"), ("warning", "warning", "orange"))),
                Column("opened", "dateTimeAsIso"),
                Column("window", "dateTimeAsIso"),
            ),
        ),
    ),
)

FLEET = Board(
    "fleet",
    "Lamplighter: fleet",
    "Every model that runs monitor, worst first. Rendered by `lamplighter render`.",
    (NOW, OVER_TIME, EXACT),
    (_choice("owner", "Owner"), _choice("env", "Environment"), _choice("region", "Region")),
    since="now-30d",
    refresh="5m",
)
