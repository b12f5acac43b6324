"""Spans of traces by OpenTelemetry, sent by OTLP; off unless an endpoint is set or the process has a tracer already.

The variables are OpenTelemetry's own: `OTEL_EXPORTER_OTLP_ENDPOINT` (or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`) switches
spans on, `OTEL_SERVICE_NAME` names the process, `OTEL_TRACES_SAMPLER` samples. Where none is set, nothing is imported.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any, TypeAlias

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""The second, where it is set, is for spans alone."""

LOG = logging.getLogger(__name__)

SDK = "opentelemetry.sdk.trace"
"""What makes spans. Many libraries import the interface alone, which makes none."""

OFF: AbstractContextManager[None] = nullcontext()
MOST_LINKS = 128
"""How many other traces a span leads to; OpenTelemetry's SDK keeps no more."""

PROPAGATED = frozenset({b"traceparent", b"tracestate"})
"""The headers of W3C's trace context."""

Attributes: TypeAlias = Mapping[str, str | int | float]
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]


def span(
    name: str,
    attributes: Attributes | None = None,
    *,
    links: Sequence[Any] = (),
) -> AbstractContextManager[Any]:
    """A span around a block, which gets it; nothing, and None, where tracing is off.

    Parameters
    ----------
    name : str
    attributes : mapping, optional
        What the span is about.
    links : sequence
        Other spans that it is about, as `link` has them.

    Examples
    --------
    >>> with span("evaluate", {"model": "churn"}):
    ...     trace_ids()
    ('', '')
    """
    tracer = _tracer()
    if tracer is None:
        return OFF
    started: AbstractContextManager[Any] = tracer.start_as_current_span(name, attributes=attributes, links=links)
    return started


def request_span(name: str, headers: Headers, attributes: Attributes) -> AbstractContextManager[Any]:
    """The span of a request: the framework's, where that made one already, else one of the trace that headers name.

    Parameters
    ----------
    name : str
    headers : iterable of (bytes, bytes)
        As ASGI has them; a `traceparent` may be among them.
    attributes : mapping
        What the span is about; the same keys in a service and in a run.
    """
    tracer = _tracer()
    if tracer is None:
        return OFF
    from opentelemetry.propagate import extract
    from opentelemetry.trace import SpanKind, get_current_span

    current = get_current_span()
    if current.get_span_context().is_valid:
        # It may end before the request does for us.
        current.set_attributes(attributes)
        return nullcontext(current)
    carrier = {key.decode("latin-1"): value.decode("latin-1") for key, value in headers if key in PROPAGATED}
    started: AbstractContextManager[Any] = tracer.start_as_current_span(
        name, context=extract(carrier), kind=SpanKind.SERVER, attributes=attributes
    )
    return started


def start_tracing() -> None:
    """Set up tracing now, where it is wanted: a framework that makes spans of its own looks for it at its start."""
    _tracer()


def link() -> Any:
    """What leads from another span to the current one; None where tracing is off or no span is current."""
    if SDK not in sys.modules:
        return None
    from opentelemetry.trace import Link, get_current_span

    context = get_current_span().get_span_context()
    return Link(context) if context.is_valid and context.trace_flags.sampled else None


def trace_ids() -> tuple[str, str]:
    """The trace and the span that are current, in hexadecimal; two empty texts without one."""
    if SDK not in sys.modules:
        return "", ""
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    return (f"{context.trace_id:032x}", f"{context.span_id:016x}") if context.is_valid else ("", "")


def _tracer() -> Any:
    """The tracer of this process; None where tracing is off."""
    if _is_wanted():
        return _exporting()
    if SDK in sys.modules:
        # The process has set up tracing itself.
        from opentelemetry.trace import get_tracer

        return get_tracer("lamplighter")
    return None


@lru_cache(maxsize=1)
def _is_wanted() -> bool:
    """Whether an endpoint is set; looked at once, since looking costs more than a span that is off."""
    return any(os.environ.get(name) for name in ENDPOINTS)


@lru_cache(maxsize=1)
def _exporting() -> Any:
    """Have spans exported, unless the process has set up tracing itself."""
    try:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider

        if not isinstance(trace.get_tracer_provider(), TracerProvider):
            from lamplighter.telemetry.export import exporting_provider

            endpoint = next(os.environ[name] for name in reversed(ENDPOINTS) if os.environ.get(name))
            trace.set_tracer_provider(exporting_provider(endpoint))
    except ModuleNotFoundError as error:
        LOG.warning("no span is sent: no module %s; run `pip install 'lamplighter[traces]'`", error.name)
        return None
    return trace.get_tracer("lamplighter")
