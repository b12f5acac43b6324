"""The schema of a monitor file accepts what people write and refuses what they mistype."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from lamplighter.core.monitor import parse
from lamplighter.core.monitor.schema import monitor_schema, schema_text
from lamplighter.errors import MonitorError
from tests.lamplighter.core.monitor.files import DESIGN, monitor_text

CHECKOUT = Path(__file__).parents[4]
EXAMPLES = sorted((CHECKOUT / "examples" / "flights" / "monitors").glob("*.yaml"))

AHEAD_OF_TIME = """\
checks:
  - {metric: accuracy, falls: 5%, versus: {mean: 7d}}
  - {metric: mae, above: {quantile: 0.95, of: 30d}}
  - {metric: recall, slope: -0.01 per day, over: 7d}
  - {name: for-days, metric: drift_share, above: 0.3, for: 2 of 3 days}
"""

SMALL = monitor_text("checks:\n  - {metric: rows, below: 1}\n", kind="regression", predictions="score: s")


@pytest.fixture(scope="module")
def faults() -> Callable[[dict[str, Any]], list[str]]:
    """What the schema has to say of the values of a file."""
    schema = monitor_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)

    def lines(error: jsonschema.ValidationError) -> Iterator[str]:
        yield error.message
        for inner in error.context or ():
            yield from lines(inner)

    return lambda values: [line for error in validator.iter_errors(_as_json(values)) for line in lines(error)]


def _as_json(value: Any) -> Any:
    """With the keys that an editor sees: texts, and by YAML 1.2, in which `on` is no boolean."""
    if isinstance(value, dict):
        return {"on" if key is True else str(key): _as_json(inner) for key, inner in value.items()}
    return [_as_json(inner) for inner in value] if isinstance(value, list) else value


def _changed(changes: dict[str, Any], base: str = SMALL) -> dict[str, Any]:
    """The values of a file with some of them replaced, by dotted path; None removes."""
    values: dict[str, Any] = yaml.safe_load(base)
    for path, value in changes.items():
        *sections, last = path.split(".")
        where = values
        for section in sections:
            where = where.setdefault(section, {})
        if value is None:
            where.pop(last)
        else:
            where[last] = value
    return values


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_schema_accepts_the_examples(faults: Callable[[dict[str, Any]], list[str]], path: Path) -> None:
    assert faults(yaml.safe_load(path.read_text())) == []


def test_there_are_examples() -> None:
    assert "_defaults.yaml" in {path.name for path in EXAMPLES}


def test_schema_accepts_the_full_example(faults: Callable[[dict[str, Any]], list[str]]) -> None:
    every_form = DESIGN.replace("checks:\n", AHEAD_OF_TIME).replace(
        "{verdict: evidently}", "{verdict: calibrated, false_alarms: 0.01}"
    )
    values = yaml.safe_load(every_form)
    assert (len(values["checks"]), values["drift"]["verdict"]) == (6, "calibrated")
    assert faults(values) == []


LABELS = {"target": "y", "parquet": "l"}
CLASSES = {"kind": "classification"}

ACCEPTED: dict[str, dict[str, Any]] = {
    "auto features": {"features": "auto"},
    "auto features with patterns": {"features": {"auto": True, "exclude": ["raw_*"]}},
    "one text for a list": {"segments": "origin", "private": "name", "predictions.parquet": "p/*.parquet"},
    "several ids": {"predictions.id": ["a", "b"]},
    "numbers as classes": {"predictions.positive": 1, "predictions.score": {0: "p0", 1: "p1"}},
    "a boolean as a class": {"predictions.positive": True},
    "variables where a form is prescribed": {"labels": {"target": "y", "parquet": "${L}", "mature_after": "${WAIT}"}},
    "a variable for a number": {"checks": [{"metric": "rows", "below": "${LIMIT}"}]},
    "a number as the class of a check": {
        "checks": [{"metric": "prediction_share", "below": 0.1, "class": 2}],
        **CLASSES,
    },
    "a range of days": {"reference": {"days": "2013-01-01..2013-03-31"}},
    "a trailing reference": {"reference": {"trailing": "28d"}},
    "sql": {"predictions": {"sql": {"url": "${URL}", "query": "select 1"}, "time": "t", "prediction": "y", "id": "i"}},
    "a band": {"predictions.unsure": [0.4, 0.6]},
    "labels in the same row": {"labels": {"same_row": True, "target": "z", "min_coverage": 0.9}},
    "a metric of one's own": {"metrics": [{"name": "profit", "function": "own.py:profit"}]},
    "a deployment": {"retrain": {"on": "rows-below", "deployment": "team/train", "cooldown": "1w"}},
}

# The place of each mistake, so that a case cannot pass by another one's.
REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "an unknown key": ("'lables' was unexpected", {"lables": {}}),
    "an unknown key of a section": ("'tme' was unexpected", {"predictions.tme": "t"}),
    "an unknown key of a check": ("'abvoe' was unexpected", {"checks": [{"metric": "rows", "abvoe": 1}]}),
    "an unknown kind": ("'regresion' is not one of", {"kind": "regresion"}),
    "an unknown grain": ("'2d' is not one of", {"every": "2d"}),
    "a name with a space": ("'my model' does not match", {"model": "my model"}),
    "days in words": ("'three days' does not match", {"labels": LABELS | {"mature_after": "three days"}}),
    "a time without a unit": ("3 is not of type", {"labels": LABELS | {"mature_after": 3}}),
    "a fall without its unit": ("0.05 is not of type", {"checks": [{"metric": "f1", "falls": 0.05, "versus": {}}]}),
    "a slope without its unit": ("-0.01 is not of type", {"checks": [{"metric": "f1", "slope": -0.01, "over": "7d"}]}),
    "a limit that is no number": ("'low' does not match", {"checks": [{"metric": "f1", "below": "low"}]}),
    "a check without a metric": ("'metric' is a required", {"checks": [{"below": 1}]}),
    "a flag for a number": ("True is not of type", {"labels": LABELS | {"min_coverage": True}}),
    "a flag for a whole number": ("True is not of type", {"top_k": True}),
    "a number for a flag": ("1 is not of type", {"labels": {"target": "y", "same_row": 1}}),
    "a word for a flag": ("'yes' does not match", {"labels": {"target": "y", "same_row": "yes"}}),
    "a band of one": ("[0.4] is too short", {"predictions.unsure": [0.4]}),
    "a quantile above 1": ("2 is greater than", {"checks": [{"metric": "f1", "above": {"quantile": 2, "of": "9d"}}]}),
    "a share above 1": ("80 is greater than", {"labels": LABELS | {"min_coverage": 80}}),
    "no items": ("0 is less than", {"top_k": 0}),
    "a sample that is too large": ("6000 is greater than", {"drift": {"sample": 6000}}),
    "half a range": ("'2013-01-01' does not match", {"reference": {"days": "2013-01-01"}}),
    "features by another word": ("'auto' was expected", {"features": "all"}),
    "no model's kind": ("'kind' is a required", {"kind": None}),
    "no predictions": ("'predictions' is a required", {"predictions": None}),
    "no time": ("'time' is a required", {"predictions.time": None}),
    "labels without a target": ("'target' is a required", {"labels": {"same_row": True}}),
}  # fmt: skip


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED)
def test_schema_and_reader_accept(faults: Callable[[dict[str, Any]], list[str]], changes: dict[str, Any]) -> None:
    values = _changed(changes)
    assert faults(values) == []
    environ = {"L": "l.parquet", "WAIT": "3d", "LIMIT": "0.5", "URL": "sqlite://"}
    try:
        parse("m.yaml", yaml.safe_dump(values), environ=environ)
    except MonitorError as error:
        # What is ahead of its time, or of another kind of model, is the reader's business.
        assert re.search("not there yet", str(error)), error  # noqa: PT017


@pytest.mark.parametrize(("fault", "changes"), REFUSED.values(), ids=REFUSED)
def test_schema_and_reader_refuse(
    faults: Callable[[dict[str, Any]], list[str]], fault: str, changes: dict[str, Any]
) -> None:
    values = _changed(changes)
    output = faults(values)
    assert any(fault in line for line in output), output
    with pytest.raises(MonitorError):
        parse("m.yaml", yaml.safe_dump(values), environ={})


def test_schema_lets_a_file_that_extends_be_incomplete(faults: Callable[[dict[str, Any]], list[str]]) -> None:
    values = {"extends": "_defaults.yaml", "model": "m", "predictions": {"parquet": "p.parquet"}}
    assert faults(values) == []
    assert faults(values | {"predictions": {"paquet": "p.parquet"}}) != []


def test_every_section_and_key_has_a_meaning() -> None:
    schema = monitor_schema()
    silent = [name for name, section in schema["$defs"].items() if not section.get("description")]
    for name, section in {"Monitor": schema, **schema["$defs"]}.items():
        keys = section.get("properties", {})
        silent += [f"{name}.{key}" for key, value in keys.items() if not value.get("description")]
    assert silent == []


def test_text_is_the_schema() -> None:
    assert json.loads(schema_text()) == monitor_schema()
