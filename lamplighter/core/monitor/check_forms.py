"""The forms of a check's limit: one row for each, read by the parser, the schema, the judge, messages and gauges.

A new form that compares a value with one number is a row here. The keys that stand beside a limit, such as ``versus``,
belong to the check.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, create_model

from lamplighter.core.monitor.fields import NO_FLAG, Duration, Number, Section


def _percent(value: Any) -> Any:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"{value!r} is not a percentage; write 5%")
    return float(match[1]) / 100


def _slope(value: Any) -> Any:
    match = re.fullmatch(r"\s*([-+]?\d+(?:\.\d+)?)\s+per\s+day\s*", value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"{value!r} is not a slope; write -0.01 per day")
    return float(match[1])


Fraction = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False), NO_FLAG]
Percent = Annotated[float, BeforeValidator(_percent)]
Slope = Annotated[float, BeforeValidator(_slope)]


class Quantile(Section):
    """A quantile of the metric's own past."""

    quantile: Fraction = Field(description="which quantile, such as 0.95")
    of: Duration = Field(description="how much of the past, such as 30d")


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
    word : str
        Where a value that fails lies: above or below its limit.
    threshold : callable
        The number that a value is compared with, from what the check gives; None where it cannot be computed yet.
    fails : callable
        Whether a value is beyond a threshold.
    beside : tuple of str
        The key that the check must have as well, and an example of it; empty where there is none.

    Examples
    --------
    >>> form = FORMS["below"]
    >>> form.threshold(0.4), form.fails(0.39, 0.4), form.fails(0.4, 0.4)
    (0.4, True, False)
    """

    key: str
    value: Any
    help: str
    word: str
    threshold: Callable[[Any], float | None]
    fails: Callable[[float, float], bool]
    beside: tuple[str, ...] = ()


def _number(given: Any) -> float | None:
    return given if isinstance(given, float) else None


def _not_yet(given: Any) -> float | None:
    return None


_ROWS = (
    Form(
        "above", Number | Quantile, "fails above this value; a quantile of the past is not there yet",
        "above", _number, operator.gt,
    ),
    Form(
        "below", Number | Quantile, "fails below this value; a quantile of the past is not there yet",
        "below", _number, operator.lt,
    ),
    Form(
        "falls", Percent, "fails when the metric falls by more; not there yet",
        "below", _not_yet, operator.lt, beside=("versus", "{mean: 7d}"),
    ),
    Form(
        "rises", Percent, "fails when the metric rises by more; not there yet",
        "above", _not_yet, operator.gt, beside=("versus", "{mean: 7d}"),
    ),
    Form(
        "slope", Slope, "fails beyond this slope; not there yet",
        "below", _not_yet, operator.lt, beside=("over", "7d"),
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
