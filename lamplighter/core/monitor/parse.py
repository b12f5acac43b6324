"""From the text of a monitor file to a `Monitor`, with file and line in every message."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

import yaml
from pydantic import ValidationError

from lamplighter.core.kinds import KINDS
from lamplighter.core.monitor.check_faults import check_faults
from lamplighter.core.monitor.fault_messages import first_fault
from lamplighter.core.monitor.file_cost import MOST_CHAIN, TooMuchError, check_cost
from lamplighter.core.monitor.model import Monitor
from lamplighter.core.monitor.parts import part_faults
from lamplighter.core.monitor.variables import Variables
from lamplighter.core.monitor.vocabulary import metric_faults
from lamplighter.errors import MonitorError, shortened

Location = tuple[str | int, ...]
Read = Callable[[str], str]
SUFFIXES = (".yaml", ".yml")
LONGEST_MESSAGE = 2000
"""Letters: a message that lists 60 known names has 1,500."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml may be absent
    """Reads plain words as YAML 1.2 does: ``on``, ``no``, ``010`` and ``2013-01-01`` stay what the file says."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own way
        first: [entry for entry in resolvers if entry[0].rsplit(":", 1)[1] not in ("bool", "int", "timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), None)
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]{0,99})$"), None)


class _Lines(dict[Location, str]):
    """Where each key of a monitor stands, as ``file:line``."""

    def nearest(self, location: Location) -> str:
        """The place of a key, or of the nearest key around it."""
        while location and location not in self:
            location = location[:-1]
        return self.get(location, self[()])


def parse(name: str, text: str, *, environ: Mapping[str, str], read: Read | None = None) -> Monitor:
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
    return _sound(*_merged(name, text, read, seen=()), environ)


def parse_draft(
    name: str, text: str, *, base: tuple[str, str], environ: Mapping[str, str], read: Read | None = None
) -> Monitor:
    """Read a draft of a monitor: a whole one, or the keys that it has otherwise, such as ``checks``.

    Parameters
    ----------
    name, text, environ, read
        As for `parse`.
    base : tuple of str
        Path and content of the present monitor, which the draft lies over unless it names predictions of its own.
        What retrains the model is left out of it: a draft need not have the checks that it names.

    Raises
    ------
    MonitorError
        With file and line of the draft, where the fault is there; also if it is of another model.

    Examples
    --------
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> draft = parse_draft("d.yaml", "checks: [{metric: rows, below: 9}]", base=("m.yaml", text), environ={})
    >>> draft.model, draft.checks[0].name
    ('m', 'rows-below')
    >>> parse_draft("d.yaml", "model: n", base=("m.yaml", text), environ={})
    Traceback (most recent call last):
    ...
    lamplighter.errors.MonitorError: d.yaml:1: a draft of model 'n', and the monitor is of 'm'; name 'm', or leave model
     out
    """
    values, lines = _merged(name, text, read, seen=())
    present, present_lines = _merged(*base, read, seen=())
    own = present.get("model")
    if values.get("model", own) != own:
        other = shortened(repr(values["model"]), 80)
        what = f"a draft of model {other}, and the monitor is of {own!r}"
        raise MonitorError(what, where=lines.nearest(("model",)), fix=f"name {own!r}, or leave model out")
    if "predictions" not in values:
        present.pop("retrain", None)
        values, lines = _over(present, present_lines, values, lines)
    return _sound(values, lines, environ)


def _sound(values: dict[Any, Any], lines: _Lines, environ: Mapping[str, str]) -> Monitor:
    """The monitor that some values are, with its variables filled in."""
    variables = Variables(environ)
    filled = _filled(values, (), variables, lines)
    try:
        monitor = Monitor.model_validate(filled)
    except ValidationError as error:
        raise _refusal(*first_fault(error, filled), lines, variables) from None
    for location, message in chain(
        _ahead_of_time(monitor), metric_faults(monitor), part_faults(monitor), check_faults(monitor)
    ):
        raise _refusal(location, message, lines, variables)
    return monitor


def key_lines(name: str, text: str, *, read: Read | None = None) -> Callable[[Location], str]:
    r"""Where each key of a monitor file stands, as ``file:line``; of one that is not there, the key around it.

    Parameters
    ----------
    name, text, read
        As for `parse`.

    Examples
    --------
    >>> where = key_lines("m.yaml", "model: m\npredictions:\n  time: at\n")
    >>> where(("predictions", "time")), where(("predictions", "score"))
    ('m.yaml:3', 'm.yaml:2')
    """
    return _merged(name, text, read, seen=())[1].nearest


def _refusal(location: Location, message: str, lines: _Lines, variables: Variables) -> MonitorError:
    return MonitorError(shortened(variables.hide(message), LONGEST_MESSAGE), where=lines.nearest(location))


def _merged(name: str, text: str, read: Read | None, seen: tuple[str, ...]) -> tuple[dict[Any, Any], _Lines]:
    """The file's mapping over the one it extends; nested mappings are merged, lists and plain values replaced."""
    values, lines = _load(name, text)
    if "extends" not in values:
        return values, lines
    at, named = lines[("extends",)], values.pop("extends")
    if not isinstance(named, str) or read is None:
        shown = shortened(repr(named), 80)
        raise MonitorError(
            f"extends {shown}, which names no file", where=at, fix=f"write the name of one beside {name}"
        )
    parent = _parent(name, named, at)
    if parent in (*seen, name):
        raise MonitorError(
            f"extends itself by way of {' -> '.join((*seen, name, parent))}", where=at, fix="remove one of them"
        )
    if len(seen) + 1 >= MOST_CHAIN:
        raise MonitorError(f"more than {MOST_CHAIN} files extend one another", where=at, fix="join some of them")
    try:
        parent_text = read(parent)
    except (OSError, ValueError):
        raise MonitorError(
            f"extends {parent}, which cannot be read", where=at, fix=f"name a file beside {name}"
        ) from None
    base, base_lines = _merged(parent, parent_text, read, (*seen, name))
    return _over(base, base_lines, values, lines)


def _over(base: Any, base_lines: _Lines, values: Any, lines: _Lines) -> tuple[dict[Any, Any], _Lines]:
    """Values over those of another file; of a list that is replaced no place of the other file is left."""

    def is_replaced(location: Location) -> bool:
        return any(isinstance(part, int) and location[:i] in lines for i, part in enumerate(location))

    kept = {location: place for location, place in base_lines.items() if not is_replaced(location)}
    return _overlay(base, values), _Lines(kept | lines)


def _parent(name: str, named: str, at: str) -> str:
    """The path of the file that ``extends`` names, within the project's folder."""
    parent = posixpath.normpath(posixpath.join(posixpath.dirname(name), named))
    leaves = posixpath.isabs(parent) or parent.split("/")[0] == ".." or not named.isprintable()
    if leaves or not parent.endswith(SUFFIXES):
        shown = shortened(repr(named), 80)
        raise MonitorError(
            f"extends {shown}, which is no YAML file of the project", where=at, fix=f"name one beside {name}"
        )
    return parent


def _overlay(base: Any, over: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return base | {key: _overlay(base[key], value) if key in base else value for key, value in over.items()}


def _load(name: str, text: str) -> tuple[dict[Any, Any], _Lines]:
    lines = _Lines({(): f"{name}:1"})
    try:
        check_cost(text, _Loader)
        loader = _Loader(text)
        node = loader.get_single_node()
        for location, line in _keys_below(node, ()):
            if location in lines and location:
                key = shortened(repr(location[-1]), 80)
                raise MonitorError(
                    f"key {key} stands at {lines[location]} too", where=f"{name}:{line}", fix="remove one"
                )
            lines[location] = f"{name}:{line}"
        values = loader.construct_document(node) if node else None
    except TooMuchError as error:
        raise error.within(f"{name}:{error.line}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MonitorError(
            f"not YAML: {error.problem}",
            where=f"{name}:{line}",
            fix="mind the indentation, and quote what holds one of {}[]*&@:#",
        ) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise MonitorError(
            "not YAML: it holds a character that is not text", where=f"{name}:{line}", fix="remove it"
        ) from None
    except (ValueError, ArithmeticError) as error:
        raise MonitorError(
            f"not YAML: {type(error).__name__}", where=f"{name}:1", fix="put what is no plain number in quotes"
        ) from None
    if not isinstance(values, dict):
        what = "a monitor is a mapping of keys such as model, kind and predictions"
        raise MonitorError(what, where=f"{name}:1", fix="begin with model: and its name")
    return values, lines


def _keys_below(node: Any, location: Location) -> Iterator[tuple[Location, int]]:
    """Every key and place in a list below a node, and its line."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                raise TooMuchError("not YAML: a list or mapping stands where a key is meant", line, fix="write a name")
            inner = (*location, str(key.value))
            yield inner, key.start_mark.line + 1
            yield from _keys_below(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            yield (*location, i), value.start_mark.line + 1
            yield from _keys_below(value, (*location, i))


def _filled(value: Any, location: Location, variables: Variables, lines: _Lines) -> Any:
    """Fill in ``${VARIABLES}``."""
    if isinstance(value, dict):
        return {key: _filled(inner, (*location, str(key)), variables, lines) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, (*location, i), variables, lines) for i, inner in enumerate(value)]
    if not isinstance(value, str):
        return value
    try:
        return variables.fill(value)
    except ValueError as error:
        raise MonitorError(str(error), where=lines.nearest(location)) from None


def _ahead_of_time(monitor: Monitor) -> Iterator[tuple[Location, str]]:
    """Yield what the file format knows and runs do not measure yet."""
    if not monitor.kind.is_measured:
        others = ", ".join(name for name, kind in KINDS.items() if kind.is_measured)
        yield ("kind",), f"kind {monitor.kind.name!r} is not there yet; choose one of {others}"
    if monitor.drift.verdict == "calibrated":
        yield ("drift", "verdict"), "verdict 'calibrated' is not there yet; use 'evidently'"
