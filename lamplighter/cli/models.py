"""Names of models, as the shell completes them."""

from __future__ import annotations

from contextlib import suppress

import click

from lamplighter.errors import LamplighterError


def complete_models(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The models of the project whose names begin like that; none where there is no project."""
    from storage.project.folder import Project

    with suppress(LamplighterError, OSError):
        return [
            name for name in Project.open(ctx.find_root().params.get("project")).models() if name.startswith(incomplete)
        ]
    return []
