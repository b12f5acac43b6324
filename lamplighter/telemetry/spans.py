"""Spans of traces by OpenTelemetry, sent by OTLP; off unless an endpoint is set or the process has a tracer already.

The variables are OpenTelemetry's own: `OTEL_EXPORTER_OTLP_ENDPOINT` (or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`) switches
spans on, `OTEL_SERVICE_NAME` names the process, `OTEL_TRACES_SAMPLER` samples. Where none is set, nothing is imported.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SEND_SECONDS = "5"
"""How long a process waits at its end for an endpoint that does not answer."""

LOG = logging.getLogger(__name__)


@contextmanager
def span(
    name: str, attributes: Mapping[str, str | int | float] | None = None, *, carrier: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A span around a block; nothing where tracing is off.

    Parameters
    ----------
    name : str
    attributes : mapping, optional
        What the span is about.
    carrier : mapping of str to str, optional
        Headers that may hold a `traceparent`: the span belongs to that trace. By default it belongs to the span around.

    Examples
    --------
    >>> with span("evaluate", {"model": "churn"}):
    ...     trace_ids()
    ('', '')
    """
    tracer = _tracer()
    if tracer is None:
        yield
        return
    from opentelemetry.propagate import extract

    parent = extract(carrier) if carrier is not None else None
    with tracer.start_as_current_span(name, context=parent, attributes=attributes):
        yield


def trace_ids() -> tuple[str, str]:
    """The trace and the span that are current, in hexadecimal; two empty texts without one."""
    if "opentelemetry.trace" not in sys.modules:
        return "", ""
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    return (f"{context.trace_id:032x}", f"{context.span_id:016x}") if context.is_valid else ("", "")


def _tracer() -> Any:
    """The tracer of this process; None where tracing is off."""
    is_wanted = any(os.environ.get(name) for name in ENDPOINTS)
    if is_wanted:
        return _exporting()
    if "opentelemetry.sdk.trace" in sys.modules:
        # The process has set up tracing itself.
        from opentelemetry.trace import get_tracer

        return get_tracer("lamplighter")
    return None


@lru_cache(maxsize=1)
def _exporting() -> Any:
    """Have spans exported, unless the process has set up tracing itself."""
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        LOG.warning("no span is sent: no module %s; run `pip install 'lamplighter[traces]'`", error.name)
        return None
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        os.environ.setdefault("OTEL_EXPORTER_OTLP_TIMEOUT", SEND_SECONDS)
        named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "lamplighter"}
        provider = TracerProvider(resource=Resource.create(named))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
        _say_once_what_is_not_sent()
    return trace.get_tracer("lamplighter")


def _say_once_what_is_not_sent() -> None:
    """Replace the exporter's lines, one for each try, by a single one that says what to do."""

    class Once(logging.Handler):
        is_said = False

        def emit(self, record: logging.LogRecord) -> None:
            if not self.is_said:
                self.is_said = True
                endpoint = next(os.environ[name] for name in ENDPOINTS if os.environ.get(name))
                fix = f"start the collector there, or unset {ENDPOINTS[0]}"
                print(f"lamplighter: spans are not taken at {endpoint}; {fix}", file=sys.stderr)

    exporters = logging.getLogger("opentelemetry.exporter")
    exporters.addHandler(Once(logging.WARNING))
    exporters.propagate = False
