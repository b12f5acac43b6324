"""`lamplighter root`."""

from __future__ import annotations

import click

from lamplighter.application import ROOT


@click.command(epilog="Example: lamplighter root")
def command() -> None:
    """Print the folder that holds flows/: deployments start from it."""
    click.echo(ROOT)
