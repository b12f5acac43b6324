"""Which columns of a table are features, and which hold the answers."""

from __future__ import annotations

from typing import Any

import pytest

from lamplighter.core.monitor.columns import answer_columns, features_of, kinds_of_feature, taken_columns
from tests.lamplighter.core.monitor.files import monitor_of

TABLE = {"at": "time", "i": "text", "y": "number", "s": "number", "v": "text", "a_1": "number", "a_2": "number"} | {
    "b": "text",
    "ok": "boolean",
    "born": "time",
    "blob": "other",
    "price[usd]": "number",
}


@pytest.mark.parametrize(
    ("features", "found"),
    [
        pytest.param(None, {}, id="none declared"),
        pytest.param(
            "auto",
            {"a_1": "numeric", "a_2": "numeric", "b": "categorical", "ok": "categorical", "price[usd]": "numeric"},
            id="auto takes numbers, texts and booleans that are nothing else",
        ),
        pytest.param(
            {"auto": True, "categorical": ["a_*"], "exclude": ["ok", "price*"]},
            {"a_1": "categorical", "a_2": "categorical", "b": "categorical"},
            id="auto, but",
        ),
        pytest.param({"numeric": ["b", "a_2"]}, {"a_2": "numeric", "b": "numeric"}, id="in the order of the table"),
        pytest.param({"numeric": ["a_*"], "exclude": ["a_1"]}, {"a_2": "numeric"}, id="a pattern, but"),
        pytest.param({"numeric": ["a_1", "a_2"], "exclude": ["a_1"]}, {"a_2": "numeric"}, id="named and excluded"),
        pytest.param({"numeric": ["gone"], "categorical": ["b"]}, {"b": "categorical", "gone": "numeric"}, id="absent"),
        pytest.param({"numeric": ["gone_*"]}, {}, id="a pattern of nothing"),
        pytest.param({"numeric": ["gone"], "exclude": ["g*"]}, {}, id="absent and excluded"),
        pytest.param({"numeric": ["price[usd]"]}, {"price[usd]": "numeric"}, id="a name that reads like a pattern"),
        pytest.param({"numeric": ["[isyv]", "at*"]}, {}, id="a pattern takes nothing that has another role"),
    ],
)
def test_which_columns_are_features(features: Any, found: dict[str, str]) -> None:
    chosen = features_of(monitor_of(features=features), TABLE)
    assert list(chosen.items()) == list(found.items())


def test_columns_that_are_taken() -> None:
    assert taken_columns(monitor_of()) == {"at", "i", "y", "s", "v"}
    same = monitor_of(labels={"same_row": True, "target": "z"})
    assert taken_columns(same) == {"at", "i", "y", "s", "v", "z"}
    elsewhere = monitor_of(labels={"parquet": "l", "target": "z", "time": "lt"})
    assert taken_columns(elsewhere) == {"at", "i", "y", "s", "v"}


@pytest.mark.parametrize(
    ("features", "chosen"),
    [
        pytest.param({"categorical": ["shop"]}, {"shop": "categorical"}, id="named"),
        pytest.param({"numeric": ["shop"]}, {"shop": "numeric"}, id="named as a number"),
        pytest.param({"categorical": ["sho*"]}, {}, id="of a pattern"),
        pytest.param("auto", {}, id="of all that is left"),
    ],
)
def test_part_of_an_id_is_a_feature_where_it_is_named_as_one(features: Any, chosen: dict[str, str]) -> None:
    forecast = monitor_of(predictions={"id": ["shop", "at"]}, features=features)
    assert features_of(forecast, {"at": "time", "shop": "text"}) == chosen


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("a", ("numeric",)),
        ("wind_north", ("categorical",)),
        ("anything", ("numeric", "categorical")),
        ("y", ()),
        ("raw_a", ()),
        ("__index_level_0__", ()),
    ],
)
def test_what_a_column_may_be_as_a_feature(name: str, kinds: tuple[str, ...]) -> None:
    features = {"auto": True, "numeric": ["a"], "categorical": ["wind_*", "raw_a"], "exclude": ["raw_*"]}
    assert kinds_of_feature(monitor_of(features=features), name) == kinds
    assert kinds_of_feature(monitor_of(), name) == ()


@pytest.mark.parametrize(
    ("kind", "score", "answers"),
    [
        ("classification", "s", {"y": "categorical", "s": "numeric"}),
        ("classification", {"a": "s", "b": "t"}, {"y": "categorical", "s": "numeric", "t": "numeric"}),
        ("regression", None, {"y": "numeric"}),
        ("ranking", None, {}),
        ("text", None, {}),
    ],
)
def test_what_the_model_answers(kind: str, score: Any, answers: dict[str, str]) -> None:
    assert answer_columns(monitor_of(kind, {"score": score})) == answers
