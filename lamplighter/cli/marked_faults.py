"""Days that a person knows to be wrong, as they are written on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tasks.replay_sums import MarkedFault

WRITE = "write 2026-03-03, 2026-03-03..2026-03-05 or 2026-03-03=outage"


@dataclass(frozen=True)
class Span:
    """Some days, and what was wrong on them."""

    first: date
    last: date
    name: str

    @property
    def marked(self) -> MarkedFault:
        """The same for a replay."""
        from tasks.replay_sums import MarkedFault

        return MarkedFault(self.first, self.last, self.name)


class FaultType(click.ParamType[Span]):
    """Days, and a name if wanted."""

    name = "days"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Span:
        """Read days: the first, the last where there are several, and a name."""
        if isinstance(value, Span):
            return value
        days, _, name = value.partition("=")
        begin, dots, end = days.partition("..")
        try:
            span = Span(date.fromisoformat(begin), date.fromisoformat(end if dots else begin), name.strip())
        except ValueError:
            self.fail(f"{value!r} is no marked fault; {WRITE}.", param, ctx)
        if span.last < span.first:
            self.fail(f"{value!r} ends before it begins; {WRITE}.", param, ctx)
        return span


FAULT = FaultType()
