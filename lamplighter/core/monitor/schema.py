"""The JSON Schema of a monitor file: pydantic's own, converted from what is kept into what people write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from pydantic import BeforeValidator
from pydantic.json_schema import GenerateJsonSchema

from lamplighter.core.monitor import check_forms, checks, fields, notify, sources
from lamplighter.core.monitor.model import Monitor
from lamplighter.core.time.duration import format_duration

Schema = dict[str, Any]

SCHEMA_FILE = "monitor.schema.json"
VARIABLE = r"\$\{\w+\}"


def schema_text() -> str:
    """The JSON Schema of a monitor file, as text.

    Examples
    --------
    >>> schema_text().splitlines()[:3]
    ['{', '  "$schema": "http://json-schema.org/draft-07/schema#",', '  "title": "A Lamplighter monitor",']
    """
    return json.dumps(monitor_schema(), indent=2, ensure_ascii=False) + "\n"


def monitor_schema() -> Schema:
    """The JSON Schema (draft 7, which editors know best) of a monitor file.

    A file that `extends` another, or is there to be extended and names no model, need not be complete.

    Examples
    --------
    >>> schema = monitor_schema()
    >>> schema["title"], schema["if"]["required"], sorted(schema["properties"])[:3]
    ('A Lamplighter monitor', ['model'], ['check_defaults', 'checks', 'drift'])
    """
    schema: Schema = _plain(Monitor.model_json_schema(schema_generator=_AsWritten))
    complete = _demands(schema, schema)
    for name in _merged_sections(schema, schema):
        schema["$defs"][name].pop("required", None)
    del schema["required"]
    extends = {"type": "string", "description": "a file beside this one whose keys this one replaces or adds to"}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A Lamplighter monitor",
        **schema,
        "properties": {"extends": extends, **schema["properties"]},
        "if": {"required": ["model"], "not": {"required": ["extends"]}},
        "then": complete,
    }


def obligatory_keys() -> dict[str, frozenset[str]]:
    """The keys that each section of a complete file must have, whichever way it is reached.

    Examples
    --------
    >>> sorted(obligatory_keys()["Monitor"])
    ['kind', 'model', 'predictions']
    """
    made = Monitor.model_json_schema()
    return {name: frozenset(part.get("required", ())) for name, part in {"Monitor": made, **made["$defs"]}.items()}


def section_of(value: Schema, root: Schema) -> tuple[str, Schema]:
    """The definition that the schema of a value refers to, and its name; empty where it refers to none.

    Examples
    --------
    >>> section_of({"$ref": "#/$defs/Drift"}, {"$defs": {"Drift": {"type": "object"}}})
    ('Drift', {'type': 'object'})
    >>> section_of({"type": "string"}, {"$defs": {}})
    ('', {})
    """
    for option in (value, *value.get("anyOf", [])):
        if "$ref" in option:
            name = option["$ref"].rsplit("/", 1)[1]
            return name, root["$defs"][name]
    return "", {}


class _AsWritten(GenerateJsonSchema):
    """Gives each value that a validator reads from text the form in which it is written."""

    def function_before_schema(self, schema: Any) -> Schema:
        kept = super().function_before_schema(schema)
        written = WRITTEN_FORMS.get(schema["function"]["function"])
        return written(kept) if written else kept

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, checks.Persistence):
            return dft.text
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def _validator(alias: Any) -> Any:
    return next(entry.func for entry in alias.__metadata__ if isinstance(entry, BeforeValidator))


def _text(pattern: str, *examples: str) -> Callable[[Schema], Schema]:
    schema = {"type": "string", "pattern": rf"^\s*({pattern})\s*$|{VARIABLE}", "examples": list(examples)}
    return lambda kept: dict(schema)


WRITTEN_FORMS: dict[Any, Callable[[Schema], Schema]] = {
    _validator(fields.Names): lambda kept: {"anyOf": [{"type": "string"}, kept]},
    _validator(fields.ClassLabel): lambda kept: {"type": ["string", "number", "boolean"]},
    _validator(sources.OptionalFeatures): lambda kept: {"anyOf": [{"const": "auto"}, kept]},
    _validator(notify.OptionalNotify): lambda kept: {"anyOf": [{"type": ["string", "array"]}, kept]},
    _validator(fields.Duration): _text(r"\d+\s*[mhdw]", "3d", "12h"),
    _validator(sources.Days): _text(r"\d{4}-\d{2}-\d{2}\.\.\d{4}-\d{2}-\d{2}", "2013-01-01..2013-03-31"),
    _validator(check_forms.Percent): _text(r"\d+(\.\d+)?\s*%", "5%"),
    _validator(check_forms.SlopePerDay): _text(r"[-+]?\d+(\.\d+)?\s+per\s+day", "-0.01 per day"),
    _validator(checks.Persisting): _text(
        rf"\d+\s+of\s+\d+\s+({'|'.join(f'{unit}?' for unit in checks.UNITS)})", "2 of 3 days", "2 of 3 windows"
    ),
    _validator(checks.OptionalVersus): lambda kept: {"anyOf": [{"const": checks.REFERENCE}, kept]},
}
"""How what a validator reads is written, by validator: from the schema of what is kept."""


def _plain(schema: Any) -> Any:
    """Without what is of no use to an editor, and with `${VARIABLES}` wherever a form is prescribed."""
    if isinstance(schema, list):
        return [_plain(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: value for key, value in schema.items() if key not in ("title", "format", "writeOnly")}
    # A value that may have several forms: one list of them, however pydantic nests them.
    if options := made.pop("anyOf", made.pop("oneOf", None)):
        made["anyOf"] = [inner for option in options for inner in option.get("oneOf", [option])]
    if made.get("default") in (None, "", []) or isinstance(made["default"], dict):
        made.pop("default", None)
    # Draft 7 has no prefixItems; both parts of every pair are of one type.
    if pair := made.pop("prefixItems", None):
        made["items"] = pair[0]
    made = {
        # Here the keys are names of the user's, not of the schema.
        key: {name: _plain(inner) for name, inner in value.items()} if key in ("properties", "$defs") else _plain(value)
        for key, value in made.items()
    }
    if made.get("type") in ("number", "integer", "boolean"):
        return made | {"type": [made["type"], "string"], "pattern": VARIABLE}
    if VARIABLE not in made.get("pattern", VARIABLE):
        return made | {"pattern": f"{made['pattern']}|{VARIABLE}"}
    return made


def _merged_sections(schema: Schema, root: Schema) -> Iterator[str]:
    """The sections that `extends` merges: those that are reached by keys alone, not through a list."""
    for value in schema.get("properties", {}).values():
        name, section = section_of(value, root)
        if "properties" in section:
            yield name
            yield from _merged_sections(section, root)


def _demands(schema: Schema, root: Schema) -> Schema:
    """What a complete file must have, all the way down."""
    inner = {
        key: demands
        for key, value in schema.get("properties", {}).items()
        if (demands := _demands(section_of(value, root)[1], root))
    }
    made: Schema = {"required": schema["required"]} if schema.get("required") else {}
    return made | ({"properties": inner} if inner else {})
