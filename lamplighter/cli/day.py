"""Days, as they are written on the command line."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

# Instants in nanoseconds, as pandas has them, reach from 1677 to 2262; a night looks some years around its own day.
EARLIEST, LATEST = datetime(1700, 1, 1), datetime(2199, 12, 31, 23, 59)


class Day(click.DateTime):
    """A day, or a minute of it, that calendars reach with room on either side."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read a day."""
        moment = super().convert(value, param, ctx)
        if not EARLIEST <= moment <= LATEST:
            self.fail(f"{value!r} is out of range; give a day of {EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}.", param, ctx)
        return moment


DAY = Day(["%Y-%m-%d"])
DAY_OR_MINUTE = Day(["%Y-%m-%d", "%Y-%m-%dT%H:%M"])
