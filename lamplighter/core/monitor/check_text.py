"""A check as one line of YAML, as a person pastes it into a monitor file."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from lamplighter.core.monitor.check_forms import FORMS, By, Quantile, Sigmas
from lamplighter.core.monitor.checks import REFERENCE, Check, CheckDefaults, Persistence, Versus, name_by_keys
from lamplighter.core.time.duration import format_duration

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
"""A word that YAML takes for a text, unless it is one of `WORDS`."""

WORDS = frozenset({"true", "false", "null", "nan", "inf"})

FIRST, LAST = ("metric", "feature", "segment", "klass", "version"), ("severity", "undecided_after")
"""What a check is about stands before its limit; what follows from a failure stands last."""

OPTIONS = ("versus", "over", "same", "minimum_windows", "persists", "clears", "surely", "minimum_rows", "ignore_below")


def check_text(check: Check, defaults: CheckDefaults | None = None) -> str:
    """A check as a mapping in one line, which is parsed to an equal check again.

    Parameters
    ----------
    check : Check
        As a monitor declares it; one of a single segment of many has a name that no file can give it.
    defaults : CheckDefaults, optional
        Those of the monitor that the line is for; what is equal to them is left out.

    Examples
    --------
    >>> written = {"metric": "f1", "falls": "5%", "versus": {"mean": "7d"}, "for": "2 of 3 days", "clears": 3}
    >>> check_text(Check.model_validate(written))
    '{metric: f1, falls: 5%, versus: {mean: 1w}, for: 2 of 3 days, clears: 3}'
    >>> check_text(Check.model_validate({"name": "slow", "metric": "mae", "above": {"quantile": 0.95, "of": "30d"}}))
    '{name: slow, metric: mae, above: {quantile: 0.95, of: 30d}}'
    """
    shared = defaults or CheckDefaults()
    silent = {name: getattr(shared, name) for name in CheckDefaults.model_fields}
    names = [*FIRST, *FORMS, *OPTIONS, *LAST]
    given = {name: getattr(check, name) for name in names}
    usual = {name: silent.get(name, Check.model_fields[name].default) for name in names}
    shown = {name: value for name, value in given.items() if value != usual[name]}
    parts = [f"{Check.model_fields[name].alias or name}: {_text(name, value)}" for name, value in shown.items()]
    text = ", ".join(parts)
    written = {Check.model_fields[name].alias or name: value for name, value in given.items() if value is not None}
    named = "" if check.name == name_by_keys(written) else f"name: {_word(check.name)}, "
    return f"{{{named}{text}}}"


def _text(name: str, value: Any) -> str:
    """A value as it is written at a key."""
    if name in ("falls", "rises") and not isinstance(value, By):
        return _percent(value)
    if name == "slope":
        return f"{_plain(value)} per day"
    return next(write for kind, write in WRITERS if isinstance(value, kind))(value)


def _percent(share: float) -> str:
    """A percentage that is read as exactly this share."""
    return f"{next(_plain(it) for it in _near(100 * share) if it / 100 == share)}%"


def _near(value: float) -> Iterator[float]:
    """A number, and those that lie next to it: not every share is a hundredth of the number nearest to its 100-fold."""
    yield from (float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits))) for digits in (0, 2, 6, 12))
    yield value
    below = above = value
    for _ in range(3):
        below, above = math.nextafter(below, -math.inf), math.nextafter(above, math.inf)
        yield from (below, above)


def _plain(value: float) -> str:
    """A number without an exponent, whole where it is whole."""
    return f"{Decimal(repr(value)):f}".removesuffix(".0")


def _number(value: float) -> str:
    """A number as YAML reads it: an exponent needs a point before it."""
    text = repr(float(value)).removesuffix(".0")
    return text if "e" not in text or "." in text else text.replace("e", ".0e")


def _word(text: str) -> str:
    """A text, in quotes where it would be read as something else."""
    if PLAIN.fullmatch(text) and text.lower() not in WORDS:
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    return sign if sign.isprintable() else f"\\U{ord(sign):08x}"


def _versus(value: Versus) -> str:
    if value.reference:
        return REFERENCE
    key = next(key for key in ("mean", "median", "version") if getattr(value, key))
    return f"{{{key}: {_text(key, getattr(value, key))}}}"


WRITERS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (StrEnum, str),
    (Persistence, lambda value: value.text),
    (str, _word),
    (bool, lambda value: str(value).lower()),
    (int, str),
    (float, _number),
    (timedelta, format_duration),
    (By, lambda value: f"{{by: {_number(value.by)}}}"),
    (Quantile, lambda value: f"{{quantile: {_number(value.quantile)}, of: {format_duration(value.of)}}}"),
    (Sigmas, lambda value: f"{{sigmas: {_number(value.sigmas)}, of: {format_duration(value.of)}}}"),
    (Versus, _versus),
)
"""How each kind of value is written, the narrower before the wider."""
