"""Samples of gauges as OpenMetrics text, each with its time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from lamplighter.core.evaluation.gauges import Gauge

END = "# EOF\n"
"""The last line: a text without it broke off, and promtool refuses it."""

ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def family_head(gauge: Gauge) -> str:
    """What stands above the samples of a gauge, once.

    Examples
    --------
    >>> print(family_head(Gauge("lamplighter_data_rows", "rows of the window")), end="")
    # HELP lamplighter_data_rows rows of the window
    # TYPE lamplighter_data_rows gauge
    """
    return f"# HELP {gauge.name} {gauge.help.translate(ESCAPES)}\n# TYPE {gauge.name} gauge\n"


def sample_line(name: str, labels: Iterable[tuple[str, str]], value: float, at: datetime) -> str:
    r"""One sample. Empty labels are left out, since to Prometheus they are none.

    Examples
    --------
    >>> from datetime import UTC
    >>> labels = [("model", "m"), ("segment", 'plan="a\\b"'), ("class", "")]
    >>> print(sample_line("lamplighter_quality_f1_ratio", labels, 0.5, datetime(2013, 4, 1, tzinfo=UTC)), end="")
    lamplighter_quality_f1_ratio{model="m",segment="plan=\"a\\b\""} 0.5 1364774400
    """
    written = ",".join(f'{label}="{text.translate(ESCAPES)}"' for label, text in labels if text)
    moment = at.timestamp()
    shown = int(moment) if moment == int(moment) else moment
    return f"{name}{{{written}}} {value!r} {shown}\n"


def families(parts: Iterable[tuple[Gauge, Iterator[str]]]) -> Iterator[str]:
    r"""Lines of families, those without a sample left out, and the end.

    Examples
    --------
    >>> rows, none = Gauge("lamplighter_data_rows", "rows"), Gauge("lamplighter_data_columns_new", "columns")
    >>> [line.split()[0] for line in families([(rows, iter(["a 1.0 2\n"])), (none, iter([]))])]
    ['#', 'a', '#']
    """
    for gauge, lines in parts:
        first = next(lines, None)
        if first is not None:
            yield family_head(gauge)
            yield first
            yield from lines
    yield END
