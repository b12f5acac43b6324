"""Numbers on the command line."""

from __future__ import annotations

from typing import Any

import click


class Between(click.FloatRange):
    """A number within bounds; `nan` is within none, and click lets it pass."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or a mistake of the user's."""
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number
