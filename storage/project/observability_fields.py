"""What keys of `[observability]` may hold: lengths of time, names, labels and pages, and what is wrong with one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Self, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo

from lamplighter.core.time.duration import format_duration, parse_duration

RUNBOOK = "docs/runbooks.md"
SECONDS = re.compile(r"\s*(\d{1,6})s\s*")
LABEL = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*")
TARGET = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}")
OF_ALERTS = frozenset({"alertname", "severity", "model"})
"""Labels that every alert has already."""

OF_GAUGES = frozenset(
    {
        "model",
        "segment",
        "class",
        "feature",
        "method",
        "check",
        "severity",
        "metric",
        "cause",
        "version",
        "form",
        "direction",
        "via",
    }
)
OF_SERVICES = frozenset({"job", "instance", "le", "route", "status", "reason", "path", "gpu"})
"""Labels by which the panels themselves choose series: those of the gauges of runs, and those of what is live."""

UNKNOWN_TO_RE2 = re.compile(r"\(\?(?:[=!>(]|<[=!]|P=)|\\[1-9]")
"""What Python's expressions have and Prometheus' have not."""

OF_MACHINES = frozenset({"host", "mountpoint", "device", "fstype"})
"""Labels that tell the disks and machines of exporters apart."""


def _span(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError("should be a length of time such as 15m, 26h or 3d")
    # What Prometheus does every few seconds is no length that a monitor has.
    if seconds := SECONDS.fullmatch(value):
        return timedelta(seconds=int(seconds[1]))
    return parse_duration(value)


def _positive(span: timedelta) -> timedelta:
    if not span:
        raise ValueError("should be longer than nothing; write 26h, or what fits your models")
    return span


def _uid(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,40}", text):
        raise ValueError("should be at most 40 of letters, digits, - and _, as Grafana has it")
    return text


def page(url: str) -> str:
    """A page that people open; a fragment is added for each alert, and Prometheus expands braces."""
    if url == RUNBOOK:
        return url
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise ValueError("is not the address of a page; write one such as https://wiki.example.org/lamplighter")
    if "@" in parts.netloc or "#" in url:
        raise ValueError("takes no user and no fragment; the name of the alert becomes the fragment")
    if any(sign.isspace() or not sign.isprintable() or sign in "{}<>\"'\\" for sign in url):
        raise ValueError("takes no blank, quote or brace; write them as %20, %22, %7B and %7D")
    return url


def _labels(labels: dict[str, str]) -> dict[str, str]:
    for name, value in labels.items():
        if not LABEL.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a label; use letters, digits and _, and no digit in front")
        if not value:
            raise ValueError(f"label {name!r} is empty, which Prometheus takes for no label; leave it out")
    return labels


def _plain(labels: dict[str, str]) -> dict[str, str]:
    for name, value in labels.items():
        if name in OF_ALERTS:
            raise ValueError(f"{name!r} is a label that every alert has already; choose another name")
        if name in OF_GAUGES | OF_SERVICES | OF_MACHINES:
            # Prometheus refuses to evaluate a rule whose alerts become alike.
            raise ValueError(f"{name!r} is a label that tells alerts apart; choose another name")
        if "{{" in value:
            raise ValueError(f"label {name!r} holds {{{{, which Prometheus would expand; write the text itself")
    return labels


def _matched(labels: dict[str, str]) -> dict[str, str]:
    for name, value in labels.items():
        if name in OF_GAUGES | OF_SERVICES | OF_MACHINES:
            raise ValueError(f"{name!r} is a label that panels choose by; match one that Prometheus adds")
        if "$" in value or "[[" in value:
            raise ValueError(f"the value of {name!r} holds $ or [[, which Grafana would replace; match another label")
    return labels


def _word(text: str) -> str:
    if not text.strip() or "{{" in text or not text.isprintable():
        raise ValueError("should be a text of one line, without {{")
    return text


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _kept(name: str) -> str:
    if not LABEL.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a label; use letters, digits and _, and no digit in front")
    if name in OF_GAUGES | OF_SERVICES | OF_MACHINES:
        raise ValueError(f"{name!r} is a label that rules choose by; keep one that Prometheus adds to all targets")
    return name


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _expression(text: str) -> str:
    if UNKNOWN_TO_RE2.search(text):
        raise ValueError(f"{text!r} looks around or names a group, which Prometheus cannot; write names with | between")
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression ({error}); write names with | between them") from None
    return text


def _target(text: str) -> str:
    if not TARGET.fullmatch(text):
        raise ValueError(f"{text!r} is no host with a port; write one such as localhost:9090 or [::1]:9090")
    return text


def _bounded(shares: dict[timedelta, float]) -> dict[timedelta, float]:
    for span, share in shares.items():
        if not 0 < share <= 1:
            raise ValueError(f"the share for {format_duration(span)} should lie between 0 and 1, such as 0.02")
    return shares


Span = Annotated[timedelta, BeforeValidator(_span)]
Positive = Annotated[timedelta, BeforeValidator(_span), AfterValidator(_positive)]
Word = Annotated[str, AfterValidator(_word)]
AlertLabels = Annotated[dict[str, str], AfterValidator(_labels), AfterValidator(_plain)]
Matchers = Annotated[dict[str, str], AfterValidator(_labels), AfterValidator(_matched)]
Uid = Annotated[str, AfterValidator(_uid)]
Given = Annotated[Uid, AfterValidator(_word)]
Expression = Annotated[Word, AfterValidator(_expression)]
Kept = Annotated[
    tuple[Annotated[str, AfterValidator(_kept)], ...], BeforeValidator(_listed), AfterValidator(_each_once)
]
Ratio = Annotated[float, Field(gt=0, lt=1)]
Targets = Annotated[tuple[Annotated[str, AfterValidator(_target)], ...], BeforeValidator(_listed)]
Shares = Annotated[dict[Positive, float], AfterValidator(_bounded)]


class ConfigSection(BaseModel):
    """The section, or a section of it."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, hide_input_in_errors=True, validate_default=True
    )

    def scaled(self, by: float) -> Self:
        """The same with every length of time divided by a number, and nothing else.

        Examples
        --------
        >>> class Waits(ConfigSection):
        ...     wait: Span = timedelta(minutes=5)
        ...     limit: float = 1.0
        >>> Waits().scaled(60)
        Waits(wait=datetime.timedelta(seconds=5), limit=1.0)
        """
        return self.model_copy(update={name: _scaled(getattr(self, name), by) for name in type(self).model_fields})


def _scaled(value: Any, by: float) -> Any:
    if isinstance(value, timedelta):
        return value / by
    if isinstance(value, ConfigSection):
        return value.scaled(by)
    if isinstance(value, Mapping):
        return {_scaled(key, by): _scaled(part, by) for key, part in value.items()}
    return value


def config_section_of(field: FieldInfo) -> type[ConfigSection] | None:
    """The section that stands under a key, or those that a user names under it; None where it holds a value."""
    if isinstance(field.default, ConfigSection):
        return type(field.default)
    named = (kind for kind in get_args(field.annotation) if isinstance(kind, type) and issubclass(kind, ConfigSection))
    return next(named, None)
