"""Whatever stands in a file, the answer is a monitor or one line with file and line."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.core.monitor import Monitor, parse
from lamplighter.core.monitor.fault_messages import _sections_in
from lamplighter.core.monitor.fields import Section, class_label
from lamplighter.core.time.duration import format_duration, parse_duration
from lamplighter.errors import MonitorError
from tests.lamplighter.core.monitor.files import monitor_text

PLACE = re.compile(r"m\.yaml:\d+: [^\n]+")


def _sections(section: type[Section]) -> set[type[Section]]:
    found = {section}
    for field in section.model_fields.values():
        for inner in _sections_in(field.annotation):
            found |= _sections(inner)  # type: ignore[arg-type]
    return found


KEYS = sorted({field.alias or key for part in _sections(Monitor) for key, field in part.model_fields.items()})
WORDS = [
    "f1",
    "1d",
    "3d",
    "5%",
    "auto",
    "UTC",
    "2 of 3 days",
    "-1 per day",
    "a.py:f",
    "2013-01-01..2013-02-01",
    "${A}",
    "{day}",
]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(WORDS)
keys = st.sampled_from(KEYS) | st.text(max_size=4)
junk = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5), max_leaves=12
)

REST = """\
checks: [{metric: f1, below: 0.4}]
retrain: {"on": [f1-below], trainer: "a.py:f"}
reference: {trailing: 28d}
features: {numeric: [a]}
"""
SOUND: dict[str, Any] = yaml.safe_load(monitor_text(REST))


def _answer(text: str) -> None:
    try:
        parse("m.yaml", text, environ={"A": "b"})
    except MonitorError as error:
        message = str(error)
    else:
        return
    assert PLACE.fullmatch(message)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(keys, junk, max_size=6))
def test_any_mapping(values: dict[str, Any]) -> None:
    _answer(yaml.safe_dump(values, allow_unicode=True))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_sound_monitor_with_one_value_replaced(data: st.DataObject) -> None:
    values = deepcopy(SOUND)
    place: Any = values
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(junk)
    _answer(yaml.safe_dump(values, allow_unicode=True))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    _answer(text)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_sound_monitor_with_a_few_characters_changed(data: st.DataObject) -> None:
    text = yaml.safe_dump(SOUND)
    at = data.draw(st.integers(0, len(text)))
    _answer(text[:at] + data.draw(st.text(alphabet="{}[]*&!|>%@:#'\"-\t\n,?~$ ", max_size=3)) + text[at:])


@given(st.integers(0, 3660 * 24 * 60))
def test_a_length_of_time_is_read_as_it_is_written(minutes: int) -> None:
    span = timedelta(minutes=minutes)
    assert parse_duration(format_duration(span)) == span


@pytest.mark.parametrize(
    ("text", "span"),
    [("90m", timedelta(minutes=90)), (" 12 h ", timedelta(hours=12)), ("2w", timedelta(days=14)), ("0d", timedelta())],
)
def test_lengths_of_time(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


@pytest.mark.parametrize("text", ["", "3", "d", "-3d", "3.5d", "3 days", "3D", "1mo", "10000d", "9" * 30 + "d"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"write (90m|a shorter)"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (True, "1"),
        (False, "0"),
        (1, "1"),
        (1.0, "1"),
        (0.5, "0.5"),
        (-0.0, "0"),
        ("1.0", "1.0"),
        (10**20, "1" + "0" * 20),
    ],
)
def test_a_class_has_one_name(value: object, label: str) -> None:
    assert class_label(value) == label
