"""What pydantic finds wrong with a monitor, in words that say what would be right. No input is repeated but choices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from lamplighter.core.hints import did_you_mean
from lamplighter.core.monitor.model import Monitor

Location = tuple[str | int, ...]

NOT_ONE_TEXT = {
    list: "is a list; write one name",
    dict: "is a mapping; write one name",
    type(None): "is empty; write a name",
}
"""What is wrong where a text should stand, by the type of what stands there; numbers and flags want quotes."""

NO_NUMBER = "is not a number; write one such as 0.5"
NO_WHOLE_NUMBER = "is not a whole number; write one such as 10"

RIGHT = {
    "string_type": "is not text; put it in quotes",
    "string_too_short": "is empty; write a name",
    "invalid_key": "is not text; put it in quotes",
    "tuple_type": "is not a list; write [a, b]",
    "dict_type": "is not a mapping; write keys and values",
    "model_type": "is not a mapping; write keys and values",
    "model_attributes_type": "is not a mapping; write keys and values",
    "float_type": NO_NUMBER,
    "float_parsing": NO_NUMBER,
    "finite_number": "is not a finite number; write one such as 0.5",
    "int_type": NO_WHOLE_NUMBER,
    "int_parsing": NO_WHOLE_NUMBER,
    "int_parsing_size": NO_WHOLE_NUMBER,
    "int_from_float": NO_WHOLE_NUMBER,
    "too_long": "has too many values; write two",
}
"""What is wrong and would be right, by pydantic's name of the fault."""


def first_fault(error: ValidationError, values: Mapping[Any, Any]) -> tuple[Location, str]:
    """The fault to report, and where it is.

    An unknown key explains the missing one beside it, so it is reported first; of a value that may have several forms,
    the fault in the form that was meant is the one that lies deepest.
    """
    faults = [(_place(detail, values), detail) for detail in error.errors(include_url=False)]
    unknown = (fault for fault in faults if fault[1]["type"] == "extra_forbidden")
    around, _ = next(unknown, faults[0])
    location, detail = max((f for f in faults if f[0][: len(around)] == around), key=lambda f: len(f[0]))
    return location, _message(location, detail)


def _place(detail: Any, values: Any) -> Location:
    """Where a fault is in the file: pydantic's location without the names of the forms that it tried."""
    place: list[str | int] = []
    at = [*detail["loc"], *detail.get("ctx", {}).get("at", ())]
    for i, part in enumerate(at):
        listed = isinstance(values, list)
        inner = dict(enumerate(values)) if listed else values if isinstance(values, dict) else {}
        keys = {str(key): key for key in inner}
        if str(part) in keys:
            values = inner[keys[str(part)]]
        elif detail["type"] != "missing" or i < len(at) - 1:
            continue
        place.append(part if listed else str(part))
    return tuple(place)


def _message(location: Location, detail: Any) -> str:
    kind, given, last = detail["type"], detail["input"], location[-1] if location else ""
    key = ".".join(str(part) for part in location)
    if kind == "extra_forbidden":
        return f"unknown key {key!r}; {did_you_mean(last, _known_keys(location[:-1]))}"
    if kind == "missing":
        meaning = _description(location)
        return f"{key!r} is missing; add it: {meaning}" if meaning else f"{key!r} is missing; add it"
    if kind in ("enum", "literal_error"):
        choices = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
        return f"{key}: {given!r} cannot be chosen; {did_you_mean(given, choices)}"
    if kind == "string_pattern_mismatch":
        return f"{key}: is not of the right form; write {_description(location)}"
    if kind == "fault":
        return str(detail["msg"])
    right = NOT_ONE_TEXT.get(type(given)) if kind == "string_type" else None
    message = right or RIGHT.get(kind) or detail["msg"].removeprefix("Value error, ").replace("Input should", "should")
    return f"{key}: {message}" if key else message


def _description(location: Location) -> str:
    section, last = _section(location[:-1]), location[-1]
    field = section.model_fields.get(str(last)) if section else None
    return (field.description if field else None) or ""


def _known_keys(location: Location) -> list[str]:
    """The keys that the section at a location may have; of a value of several forms those of each."""
    known = (field.alias or key for section in _sections(location) for key, field in section.model_fields.items())
    return [*dict.fromkeys(known)]


def _section(location: Location) -> type[BaseModel] | None:
    return next(iter(_sections(location)), None)


def _sections(location: Location) -> list[type[BaseModel]]:
    sections: list[type[BaseModel]] = [Monitor]
    for part in location:
        if isinstance(part, str):
            fields = [section.model_fields[part] for section in sections if part in section.model_fields]
            sections = [inner for field in fields for inner in _sections_in(field.annotation)]
    return sections


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _sections_in(argument)
