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


def series_text(name: str, labels: Iterable[tuple[str, str]]) -> str:
    r"""A series. Empty labels are left out, since to Prometheus they are none.

    Examples
    --------
    >>> print(series_text("lamplighter_quality_f1_ratio", [("model", "m"), ("segment", 'plan="a\\b"'), ("class", "")]))
    lamplighter_quality_f1_ratio{model="m",segment="plan=\"a\\b\""}
    """
    written = ",".join(f'{label}="{text.translate(ESCAPES)}"' for label, text in labels if text)
    return f"{name}{{{written}}}"


def sample_line(series: str, value: float, at: datetime) -> str:
    r"""One sample of a series.

    Examples
    --------
    >>> from datetime import UTC
    >>> sample_line('lamplighter_data_rows{model="m"}', 3.0, datetime(2013, 4, 1, tzinfo=UTC))
    'lamplighter_data_rows{model="m"} 3.0 1364774400\n'
    """
    return f"{series} {value!r} {at.timestamp():.15g}\n"


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
