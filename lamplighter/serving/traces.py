"""The trace that a request belongs to, so that a bucket of a histogram leads to an example of its requests."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from contextvars import ContextVar

from lamplighter.telemetry.spans import SDK

TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?")
SAMPLED = 1
NO_TRACE = "0" * 32

of_request: ContextVar[str] = ContextVar("lamplighter_trace", default="")


def trace_in(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The trace of a header `traceparent`; empty where there is none, or where nothing of it is kept.

    Examples
    --------
    >>> trace_in([(b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")])
    '4bf92f3577b34da6a3ce929d0e0e4736'
    >>> trace_in([(b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")])
    ''
    """
    for name, value in headers:
        if name == b"traceparent":
            match = TRACEPARENT.fullmatch(value)
            if match and int(match[2], 16) & SAMPLED and (trace := match[1].decode()) != NO_TRACE:
                return trace
    return ""


def trace_id() -> str:
    """The trace of the current span of OpenTelemetry, if its SDK makes some, else of the request's header."""
    if SDK in sys.modules:
        from opentelemetry.trace import get_current_span

        context = get_current_span().get_span_context()
        if context.is_valid and context.trace_flags.sampled:
            return f"{context.trace_id:032x}"
    return of_request.get()


def exemplar() -> dict[str, str] | None:
    """What a histogram keeps beside a value."""
    return {"trace_id": trace} if (trace := trace_id()) else None
