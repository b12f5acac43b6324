"""Sending spans by OTLP: in batches, by a thread, and never in the way of the work."""

from __future__ import annotations

import logging
import os
import sys

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

END_SECONDS = 5
"""How long a process waits at its end for an endpoint that does not answer; the SDK would wait for 30."""


def exporting_provider(endpoint: str) -> TracerProvider:
    """A provider whose spans go to the endpoint that OpenTelemetry's variables name.

    Parameters
    ----------
    endpoint : str
        As a message names it.
    """
    os.environ.setdefault("OTEL_EXPORTER_OTLP_TIMEOUT", str(END_SECONDS))
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "lamplighter"}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(_Spans(endpoint))
    return provider


class _Spans(BatchSpanProcessor):
    """Batches of spans; that they are not taken is said once, in one line, in place of the exporter's for each try."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(OTLPSpanExporter())
        self._endpoint, self._is_said = endpoint, False
        exporters = logging.getLogger("opentelemetry.exporter")
        exporters.addHandler(_Listener(self))
        exporters.propagate = False

    def say(self) -> None:
        """Say that spans are not taken, unless that is said."""
        if not self._is_said:
            fix = "start the collector there, or unset OTEL_EXPORTER_OTLP_ENDPOINT"
            print(f"lamplighter: spans are not taken at {self._endpoint}; {fix}", file=sys.stderr)
        self._is_said = True

    def shutdown(self) -> None:
        """Send what is left, and wait for it no longer than a person would."""
        batches = self._batch_processor
        batches.shutdown(timeout_millis=1000 * END_SECONDS)
        if batches._worker_thread.is_alive():
            self.say()


class _Listener(logging.Handler):
    def __init__(self, spans: _Spans) -> None:
        super().__init__(logging.WARNING)
        self._spans = spans

    def emit(self, record: logging.LogRecord) -> None:
        self._spans.say()
