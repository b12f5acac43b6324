"""The file that is suggested for a table; whatever the columns are called, it can be read."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lamplighter.core.monitor import Monitor, parse
from lamplighter.core.monitor.columns import kinds_of_feature
from lamplighter.core.suggest import Column, LabelTable, Suggestion, roles_of, suggest
from lamplighter.core.suggest.words import ANSWERED, EVENTS, ID, OBSERVED, OF_A_TIME, PREDICTED, SCORE, TRUE

TIME = Column("ts", "time")
DAYS = [date(2013, 5, 1) + timedelta(days=i) for i in range(10)]


def number(
    name: str, low: float = 0, high: float = 100, *, whole: bool = False, distinct: int = 50, **more: Any
) -> Column:
    return Column(name, "number", distinct, minimum=low, maximum=high, whole=whole, **more)


def text(name: str, *classes: str, distinct: int = 50, unique: bool = False) -> Column:
    return Column(name, "text", len(classes) or distinct, unique, classes=classes)


def suggested(
    *columns: Column,
    days: list[date] | None = None,
    model: str = "m",
    place: Any = None,
    tables: list[LabelTable] | None = None,
) -> Suggestion:
    roles, where = roles_of(columns), place or {"parquet": "logs/*.parquet"}
    return suggest(model, where, roles, DAYS if days is None else days, tables=tables or [])


def read(*columns: Column, **options: Any) -> Monitor:
    return parse("m.yaml", suggested(*columns, **options).text, environ={"URL": "sqlite://"})


def names(*columns: Column) -> dict[str, str | None]:
    roles = roles_of(columns)
    found = {key: getattr(roles, key) for key in ("time", "id", "prediction", "score", "truth", "version")}
    return {key: column and column.name for key, column in found.items() if column} | {"kind": roles.kind}


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        pytest.param([TIME], {"time": "ts", "kind": "classification"}, id="a time alone"),
        pytest.param(
            [Column("born", "time"), Column("predicted_at", "time")],
            {"time": "predicted_at", "kind": "classification"},
            id="the time of the prediction",
        ),
        pytest.param(
            [
                TIME,
                text("id", unique=True),
                text("pred", "no", "yes"),
                number("prob", 0, 1),
                text("label", "no", "yes"),
            ],
            {
                "time": "ts",
                "id": "id",
                "prediction": "pred",
                "score": "prob",
                "truth": "label",
                "kind": "classification",
            },
            id="a classifier",
        ),
        pytest.param(
            [TIME, number("y_pred"), number("y_true")],
            {"time": "ts", "prediction": "y_pred", "truth": "y_true", "kind": "regression"},
            id="a regressor",
        ),
        pytest.param(
            [TIME, number("prediction", 0, 5, whole=True, distinct=6)],
            {"time": "ts", "prediction": "prediction", "kind": "classification"},
            id="a few whole numbers are classes",
        ),
        pytest.param(
            [TIME, number("prediction", whole=True, distinct=21)],
            {"time": "ts", "prediction": "prediction", "kind": "regression"},
            id="many are not",
        ),
        pytest.param(
            [TIME, number("score", 0, 100), number("request_id", whole=True, unique=True)],
            {"time": "ts", "id": "request_id", "kind": "classification"},
            id="what is above 1 is no probability",
        ),
        pytest.param(
            [TIME, number("flag_score", 0, 1, whole=True, distinct=2)],
            {"time": "ts", "kind": "classification"},
            id="zeros and ones are no score",
        ),
        pytest.param(
            [TIME, text("user_id"), text("model_version", distinct=2)],
            {"time": "ts", "version": "model_version", "kind": "classification"},
            id="an id that repeats is none",
        ),
        pytest.param(
            [TIME, number("amount", unique=True), text("late_prediction", "a", "b")],
            {"time": "ts", "prediction": "late_prediction", "kind": "classification"},
            id="part of a name, and a unique measurement is no id",
        ),
        pytest.param(
            [TIME, text("pred"), text("target_version"), number("label_score", 0, 1), text("version_id", unique=True)],
            {"time": "ts", "prediction": "pred", "truth": "target_version", "score": "label_score"}
            | {"kind": "classification", "id": "version_id"},
            id="a name of two meanings has one role",
        ),
    ],
)
def test_which_column_is_what(columns: list[Column], found: dict[str, str]) -> None:
    assert names(*columns) == found


def test_without_a_time_nothing_can_be_watched() -> None:
    with pytest.raises(ValueError, match="no column holds timestamps"):
        roles_of([text("a")])


def test_the_whole_file() -> None:
    monitor = read(
        TIME,
        text("request_id", unique=True),
        text("prediction", "no", "yes"),
        number("score", 0, 1),
        text("label", "no", "yes"),
        text("comment", unique=True),
        number("distance"),
    )
    assert (monitor.predictions.id, monitor.predictions.positive) == (("request_id",), "yes")
    assert monitor.labels is not None
    assert (monitor.labels.same_row, monitor.labels.target) == (True, "label")
    assert monitor.features is not None
    assert (monitor.features.auto, monitor.features.exclude) == (True, ("comment",))
    assert monitor.reference is not None
    assert monitor.reference.days == (DAYS[0], DAYS[4])
    assert [check.name for check in monitor.checks] == ["rows-below", "drift_share-above"]


@pytest.mark.parametrize(("n", "days"), [(0, None), (3, None), (4, (DAYS[0], DAYS[1])), (5, (DAYS[0], DAYS[1]))])
def test_the_reference_is_the_first_half_of_what_is_there(n: int, days: Any) -> None:
    reference = read(TIME, days=DAYS[:n]).reference
    assert reference is not None
    assert reference.days == days
    assert bool(reference.trailing) == (days is None)


def test_timestamps_without_a_zone_get_one_that_can_be_corrected() -> None:
    made = suggested(Column("ts", "time", has_zone=False), days=[]).text
    assert "  timezone: UTC               # the timestamps carry no zone" in made


@pytest.mark.parametrize("model", ["true", "123", "on", "null", "1e5", "0-0", "-"])
def test_a_model_whose_name_reads_like_something_else(model: str) -> None:
    assert read(TIME, model=model).model == model


def test_a_table_behind_a_url() -> None:
    monitor = read(TIME, place={"url": "${URL}", "table": "app.predictions"})
    assert monitor.predictions.sql is not None
    assert (monitor.predictions.sql.table, monitor.predictions.sql.url.get_secret_value()) == (
        "app.predictions",
        "sqlite://",
    )


MEANINGFUL = sorted(
    PREDICTED | ANSWERED | SCORE | TRUE | OBSERVED | EVENTS | ID | OF_A_TIME | {"model", "version", "p"}
)
meaningful = st.lists(st.sampled_from(MEANINGFUL), min_size=1, max_size=2, unique=True).map("_".join)
columns = st.builds(
    Column,
    meaningful,
    st.sampled_from(["number", "boolean", "text", "time", "list", "null", "other"]),
    distinct=st.sampled_from([0, 1, 2, 3, 30]),
    unique=st.booleans(),
    minimum=st.sampled_from([None, 0.0, 0.5]),
    maximum=st.sampled_from([None, 1.0, 5.0]),
    whole=st.booleans(),
    classes=st.sampled_from([(), ("a", "b"), ("0", "1")]),
)


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(st.lists(columns, max_size=8, unique_by=lambda column: column.name), st.integers(0, 8))
def test_whatever_meanings_the_names_have(found: list[Column], days: int) -> None:
    monitor = read(Column("when", "time"), *found, days=DAYS[:days])
    assert monitor.predictions.time in {"when", *(column.name for column in found if column.kind == "time")}


odd = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(lambda text: "${" not in text)


@settings(max_examples=150, deadline=None)
@given(odd, odd, odd)
def test_whatever_the_columns_and_classes_are_called(time: str, unique: str, klass: str) -> None:
    assume(len({time.lower(), unique.lower(), "prediction"}) == 3)
    prediction = text("prediction", "a", klass)
    monitor = read(Column(time, "time"), Column(unique, "text", 9, unique=True), prediction)
    assert (monitor.predictions.time, monitor.predictions.positive) == (time, klass)
    left_out = monitor.features is None or kinds_of_feature(monitor, unique) == ()
    assert left_out or unique in monitor.predictions.id
