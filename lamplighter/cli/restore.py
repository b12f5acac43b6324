"""`lamplighter restore`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(epilog="Example: lamplighter restore /backups/flights.tar.gz")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Move a home that is there aside.")
@click.pass_obj
def command(project: str | None, file: Path, replace: bool) -> None:
    """Make the home what FILE holds, which `lamplighter backup` wrote, once it is known to be whole.

    A home in which something is recorded stays, unless --replace is given; then it is kept under another name. A
    history of an earlier version is migrated.
    """
    from storage.project.folder import Project

    opened = Project.open(project)
    from storage.upkeep.restore import restore

    done = restore(opened, file, replace=replace)
    click.echo(f"{opened.home}: restored as of {done.manifest.made_at}")
    for model, label in sorted(done.manifest.newest.items()):
        later = f"`lamplighter backfill {model} --from {label} --to DAY`"
        click.echo(f"{model}: runs until the window of {label}; {later} runs the later ones")
    if done.aside:
        click.echo(f"what was there lies in {done.aside}; remove it once all is well")
    if not done.manifest.schema:
        click.echo("the history is in another database; restore that too (pg_restore)")
