"""The forms of a check's limit: one row for each, read by the parser, the schema, the judge, messages and gauges.

A new form is a row here, and its arithmetic a function of `lamplighter.core.monitor.check_limits`. The keys that stand
beside a limit, such as ``versus``, belong to the check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, create_model

from lamplighter.core.monitor.check_limits import Limit, mean_and_deviation, quantile, sigmas_of_many, tail_of_many
from lamplighter.core.monitor.fields import NO_FLAG, Lasting, Number, Section
from lamplighter.core.numbers import number_text
from lamplighter.core.time.duration import format_duration


def _percent(value: Any) -> Any:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"{value!r} is not a percentage; write 5%, or {{by: 0.02}} in the metric's unit")
    return float(match[1]) / 100


def _slope(value: Any) -> Any:
    match = re.fullmatch(r"\s*([-+]?\d+(?:\.\d+)?)\s+per\s+day\s*", value) if isinstance(value, str) else None
    if not match or not float(match[1]):
        raise ValueError(f"{value!r} is not a slope; write -0.01 per day for a fall, 0.01 per day for a rise")
    return float(match[1])


Fraction = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False), NO_FLAG]
Percent = Annotated[float, BeforeValidator(_percent)]
SlopePerDay = Annotated[float, BeforeValidator(_slope)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False), NO_FLAG]


class Quantile(Section):
    """A quantile of the metric's own past."""

    quantile: Fraction = Field(description="which quantile, such as 0.95")
    of: Lasting = Field(description="how much of the past, such as 30d")


class Sigmas(Section):
    """A distance from the mean of the metric's own past, in its standard deviations."""

    sigmas: Positive = Field(description="how many standard deviations, such as 3")
    of: Lasting = Field(description="how much of the past, such as 28d")


class By(Section):
    """A change in the metric's unit."""

    by: Positive = Field(description="how much, in the metric's unit, such as 0.02")


def _which_level(value: Any) -> str:
    """Which way a level is given, so that a fault in one is not reported as one in another."""
    if isinstance(value, Sigmas) or (isinstance(value, dict) and "sigmas" in map(str, value)):
        return "<sigmas>"
    return "<quantile>" if isinstance(value, dict | Quantile) else "<number>"


Level = Annotated[
    Annotated[Number, Tag("<number>")] | Annotated[Quantile, Tag("<quantile>")] | Annotated[Sigmas, Tag("<sigmas>")],
    Discriminator(_which_level),
]
"""A number, or one that the past gives."""

Change = Annotated[
    Annotated[Percent, Tag("<percent>")] | Annotated[By, Tag("<by>")],
    Discriminator(lambda value: "<by>" if isinstance(value, dict | By) else "<percent>"),
]
"""A percentage, or a change in the metric's unit."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a limit is computed from.

    Attributes
    ----------
    values : sequence of float
        The past that counts, oldest first; empty where the limit needs none.
    summary : float or None
        The one number that a change is measured against.
    text : str
        What they are, for people: such as ``7 windows from 2013-05-01 to 2013-05-07``.
    many : int
        How many segments are judged at once.
    """

    values: Sequence[float] = ()
    summary: float | None = None
    text: str = ""
    many: int = 1


@dataclass(frozen=True, slots=True)
class Form:
    """A form of limit.

    Attributes
    ----------
    key : str
        The key of a check that holds the limit.
    value : Any
        What stands there, as pydantic reads it.
    help : str
    limit : callable
        The band that the value must stay in, from what the check gives and what it is compared with.
    text : callable
        What the limit came from, in words; empty for a plain number.
    reads : {"value", "slope", "absence"}
        What is judged: the value of a window, the slope over several, or whether a window has none.
    beside : tuple of str
        The key that the check must have as well, and an example of it; empty where there is none.

    Examples
    --------
    >>> form = FORMS["below"]
    >>> form.limit(0.4, Basis())
    Limit(low=0.4, high=None)
    >>> FORMS["falls"].limit(0.05, Basis(summary=0.8))
    Limit(low=0.76, high=None)
    """

    key: str
    value: Any
    help: str
    limit: Callable[[Any, Basis], Limit]
    text: Callable[[Any, Basis], str]
    reads: Literal["value", "slope", "absence"] = "value"
    beside: tuple[str, ...] = ()


def _level(given: Any, basis: Basis, side: Literal[-1, 1]) -> float:
    """The bound on one side: a number, or one that the past gives."""
    if isinstance(given, Quantile):
        tail = tail_of_many(1 - given.quantile if side > 0 else given.quantile, basis.many)
        return quantile(basis.values, 1 - tail if side > 0 else tail)
    if isinstance(given, Sigmas):
        mean, deviation = mean_and_deviation(basis.values)
        return mean + side * sigmas_of_many(given.sigmas, basis.many) * deviation
    return float(given)


def below(given: Any, basis: Basis) -> Limit:
    """The limit of a value that must not be too low.

    Examples
    --------
    >>> below(Quantile.model_validate({"quantile": 0.25, "of": "5d"}), Basis([5.0, 1.0, 2.0, 4.0, 3.0]))
    Limit(low=2.0, high=None)
    """
    return Limit(low=_level(given, basis, -1))


def above(given: Any, basis: Basis) -> Limit:
    """The limit of a value that must not be too high.

    Examples
    --------
    >>> above(Sigmas.model_validate({"sigmas": 2, "of": "3d"}), Basis([1.0, 2.0, 3.0]))
    Limit(low=None, high=4.0)
    """
    return Limit(high=_level(given, basis, 1))


def outside(given: Any, basis: Basis) -> Limit:
    """The limit of a value that must be neither too low nor too high.

    Examples
    --------
    >>> outside(Sigmas.model_validate({"sigmas": 2, "of": "3d"}), Basis([1.0, 2.0, 3.0]))
    Limit(low=0.0, high=4.0)
    """
    return Limit(_level(given, basis, -1), _level(given, basis, 1))


def _change(given: Any, basis: Basis) -> float:
    """How far a value may be from what it is compared with; a percent is of the absolute value of that."""
    assert basis.summary is not None
    return float(given.by) if isinstance(given, By) else given * abs(basis.summary)


def falls(given: Any, basis: Basis) -> Limit:
    """The limit of a value that must not be much lower than another.

    Examples
    --------
    >>> falls(0.05, Basis(summary=-2.0)), falls(By(by=0.02), Basis(summary=0.8))
    (Limit(low=-2.1, high=None), Limit(low=0.78, high=None))
    """
    assert basis.summary is not None
    return Limit(low=basis.summary - _change(given, basis))


def rises(given: Any, basis: Basis) -> Limit:
    """The limit of a value that must not be much higher than another; of zero no percent leaves room for a rise.

    Examples
    --------
    >>> rises(0.05, Basis(summary=20.0)), rises(0.05, Basis(summary=0.0))
    (Limit(low=None, high=21.0), Limit(low=None, high=0.0))
    """
    assert basis.summary is not None
    return Limit(high=basis.summary + _change(given, basis))


def slope(given: Any, basis: Basis) -> Limit:
    """The limit of a slope: a negative one must not be steeper downwards, a positive one not steeper upwards.

    Examples
    --------
    >>> slope(-0.01, Basis()), slope(0.5, Basis())
    (Limit(low=-0.01, high=None), Limit(low=None, high=0.5))
    """
    return Limit(low=given) if given < 0 else Limit(high=given)


def missing(given: Any, basis: Basis) -> Limit:
    """The limit of how often a value is missing, which is 1 or 0.

    Examples
    --------
    >>> from datetime import timedelta
    >>> missing(timedelta(days=5), Basis()).is_beyond(1.0), missing(timedelta(days=5), Basis()).is_beyond(0.0)
    (True, False)
    """
    return Limit(high=0.0)


def _level_text(given: Any, basis: Basis) -> str:
    of_many = f", corrected for {basis.many} segments" if basis.many > 1 else ""
    if isinstance(given, Quantile):
        return f"the {number_text(given.quantile)} quantile of {basis.text}{of_many}"
    if isinstance(given, Sigmas):
        mean, deviation = mean_and_deviation(basis.values)
        of = f"the mean {number_text(mean)} of {basis.text}"
        return f"{number_text(given.sigmas)} standard deviations of {number_text(deviation)} from {of}{of_many}"
    return ""


def _change_text(word: str) -> Callable[[Any, Basis], str]:
    def text(given: Any, basis: Basis) -> str:
        much = number_text(given.by) if isinstance(given, By) else f"{number_text(100 * given)} %"
        return f"{much} {word} {number_text(basis.summary or 0.0)}, {basis.text}"

    return text


_ROWS = (
    Form(
        "below", Level,
        "fails below this value: a number, {quantile: 0.05, of: 30d} or {sigmas: 3, of: 28d}",
        below, _level_text,
    ),
    Form(
        "above", Level,
        "fails above this value: a number, {quantile: 0.95, of: 30d} or {sigmas: 3, of: 28d}",
        above, _level_text,
    ),
    Form("outside", Sigmas, "fails on either side of {sigmas: 3, of: 28d}", outside, _level_text),
    Form(
        "falls", Change, "fails when the metric is lower by more: 5%, or {by: 0.02} in its unit",
        falls, _change_text("below"), beside=("versus", "{median: 28d}"),
    ),
    Form(
        "rises", Change, "fails when the metric is higher by more: 5%, or {by: 0.02} in its unit",
        rises, _change_text("above"), beside=("versus", "{median: 28d}"),
    ),
    Form(
        "slope", SlopePerDay, "fails when the metric falls faster, or rises faster, than this: -0.01 per day",
        slope, lambda given, basis: f"the Theil-Sen slope per day over {basis.text}",
        reads="slope", beside=("over", "7d"),
    ),
    Form(
        "missing", Lasting, "fails when a window still has no value so long after its end, such as 5d",
        missing, lambda given, basis: f"of {basis.text}, {format_duration(given)} after its end",
        reads="absence",
    ),
)  # fmt: skip

FORMS: dict[str, Form] = {form.key: form for form in _ROWS}
"""Every form by its key."""

if TYPE_CHECKING:

    class Limits(Section):
        """The keys of a check that hold a limit, of which one is given."""

else:
    Limits = create_model(
        "Limits",
        __base__=Section,
        __doc__="The keys of a check that hold a limit, of which one is given.",
        **{form.key: (form.value | None, Field(default=None, description=form.help)) for form in FORMS.values()},
    )
