"""From the text of a monitor file to a `Monitor`, with file and line in every message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Any

import yaml
from pydantic import ValidationError

from lamplighter.core.monitor.model import Kind, Monitor
from lamplighter.core.monitor.vocabulary import check_metrics
from lamplighter.errors import MonitorError

Location = tuple[str | int, ...]
VARIABLE = re.compile(r"\$\{(\w+)\}")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Lines(dict[Location, str]):
    """Where each key of a monitor stands, as ``file:line``."""

    def nearest(self, location: Location) -> str:
        """The place of a key, or of the nearest key around it."""
        while location and location not in self:
            location = location[:-1]
        return self.get(location, self[()])


def parse(
    name: str, text: str, *, environ: Mapping[str, str], read: Callable[[str], str] | None = None
) -> Monitor:
    """Read one monitor.

    Parameters
    ----------
    name : str
        Path of the file, as it shall stand in messages.
    text : str
        Its content.
    environ : mapping of str to str
        What ``${VARIABLES}`` are filled in from.
    read : callable of str to str, optional
        Reads the file that ``extends`` names, given its path beside ``name``.

    Raises
    ------
    MonitorError
        With file, line and what would be right.

    Examples
    --------
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> parse("m.yaml", text, environ={}).every.value
    '1d'
    """
    lines = _Lines({(): f"{name}:1"})
    values = _merged(name, text, environ, read, lines, seen=())
    try:
        monitor = Monitor.model_validate(values)
    except ValidationError as error:
        raise MonitorError(_first_message(error, values, lines)) from None
    _refuse_ahead_of_time(monitor, lines)
    for location, message in check_metrics(monitor):
        raise MonitorError(f"{lines.nearest(location)}: {message}")
    return monitor


def _merged(
    name: str,
    text: str,
    environ: Mapping[str, str],
    read: Callable[[str], str] | None,
    lines: _Lines,
    seen: tuple[str, ...],
) -> dict[str, Any]:
    """The file's mapping over the one it extends; nested mappings are merged, lists and plain values replaced."""
    if name in seen:
        raise MonitorError(f"{name}:1: extends itself by way of {' -> '.join(seen)}; remove one of them")
    values, own = _load(name, text, environ)
    base: dict[str, Any] = {}
    if "extends" in values:
        parent = str(PurePosixPath(name).parent / str(values.pop("extends")))
        try:
            if read is None:
                raise OSError("no reader")
            parent_text = read(parent)
        except OSError:
            raise MonitorError(
                f"{own[('extends',)]}: extends {parent}, which cannot be read; name a file beside {name}"
            ) from None
        base = _merged(parent, parent_text, environ, read, lines, (*seen, name))
    lines.update(own)
    return _overlay(base, values)


def _overlay(base: Any, over: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return base | {key: _overlay(base[key], value) if key in base else value for key, value in over.items()}


def _load(name: str, text: str, environ: Mapping[str, str]) -> tuple[dict[str, Any], _Lines]:
    try:
        node = yaml.compose(text, Loader=LOADER)
        values = yaml.load(text, Loader=LOADER)  # noqa: S506 - LOADER is a safe one
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MonitorError(f"{name}:{line}: not YAML: {error.problem}; mind indentation and quotes") from None
    except yaml.YAMLError as error:
        raise MonitorError(f"{name}:1: not YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(values, dict):
        raise MonitorError(f"{name}:1: a monitor is a mapping of keys such as model, kind and predictions")
    lines = _Lines({(): f"{name}:1"})
    lines.update({location: f"{name}:{line}" for location, line in _walk(node, ())})
    return _filled(values, (), environ, lines), lines


def _walk(node: Any, location: Location) -> Iterator[tuple[Location, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*location, key.value)
            yield inner, key.start_mark.line + 1
            yield from _walk(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            yield (*location, i), value.start_mark.line + 1
            yield from _walk(value, (*location, i))


def _filled(value: Any, location: Location, environ: Mapping[str, str], lines: _Lines) -> Any:
    """Fill in ``${VARIABLES}``."""
    if isinstance(value, dict):
        return {key: _filled(inner, (*location, key), environ, lines) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, (*location, i), environ, lines) for i, inner in enumerate(value)]
    if not isinstance(value, str):
        return value
    for variable in VARIABLE.findall(value):
        if variable not in environ:
            raise MonitorError(f"{lines.nearest(location)}: the environment has no variable {variable}; set it")
    return VARIABLE.sub(lambda match: environ[match[1]], value)


def _known_keys(location: Location) -> list[str]:
    """The keys that the section at a location may have."""
    section: Any = Monitor
    for part in location:
        if isinstance(part, str) and hasattr(section, "model_fields") and part in section.model_fields:
            section = section.model_fields[part].annotation
            section = next((a for a in _arguments(section) if hasattr(a, "model_fields")), section)
    return [field.alias or key for key, field in getattr(section, "model_fields", {}).items()]


def _arguments(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _arguments(argument)


def _first_message(error: ValidationError, values: dict[str, Any], lines: _Lines) -> str:
    details = error.errors(include_url=False, include_input=False)
    # An unknown key explains the missing one beside it, so it is told first.
    first = next((detail for detail in details if detail["type"] == "extra_forbidden"), details[0])
    location = tuple(part for part in first["loc"])
    place = lines.nearest(location)
    key = ".".join(str(part) for part in location)
    if first["type"] == "extra_forbidden":
        known = _known_keys(location[:-1])
        near = get_close_matches(str(location[-1]), known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return f"{place}: unknown key {key!r}; {hint}known: {', '.join(known)}"
    if first["type"] == "missing":
        return f"{place}: {key!r} is missing"
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {key}: {message}" if key else f"{place}: {message}"


def _refuse_ahead_of_time(monitor: Monitor, lines: _Lines) -> None:
    """Refuse what the file format knows and the nights do not measure yet."""
    if monitor.kind is Kind.DETECTION:
        raise MonitorError(f"{lines.nearest(('kind',))}: kind 'detection' is not there yet")
    if monitor.drift.verdict == "calibrated":
        raise MonitorError(f"{lines.nearest(('drift',))}: verdict 'calibrated' is not there yet; use 'evidently'")
    for i, check in enumerate(monitor.checks):
        if form := check.ahead_of_its_time():
            raise MonitorError(
                f"{lines.nearest(('checks', i, form))}: the form {form!r} of check {check.name!r} is not there yet; "
                "use above or below with a number"
            )
