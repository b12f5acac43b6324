"""`lamplighter backup`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(epilog="Example: lamplighter backup /backups/flights.tar.gz")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--reports", is_flag=True, help="Back up reports too.")
@click.pass_obj
def command(project: str | None, file: Path, reports: bool) -> None:
    """Write the history, models and profiles of a home into FILE, also while runs go on.

    FILE is a tar, compressed where its name ends in .gz or .tgz, for its owner alone: it holds the key of private
    columns. A history in PostgreSQL is not in it; `pg_dump` backs that up, before this. Monitors and settings are not
    in it either: they are yours, and version control keeps them.
    """
    from storage.project.folder import Project
    from storage.project.output_file import refuse_output

    opened = Project.open(project)
    refuse_output(opened, file)
    from storage.upkeep.backup import back_up
    from storage.upkeep.sizes import size_text

    found = back_up(opened, file, reports=reports)
    parts = ", ".join(f"{name} {count}" for name, count in found.files.items())
    click.echo(f"{file}: {size_text(file.stat().st_size)}; files: {parts or 'none'}")
    for model, label in sorted(found.newest.items()):
        click.echo(f"{model}: runs until the window of {label}")
    if found.elsewhere:
        click.echo(f"the history is in {found.elsewhere}, which pg_dump backs up; it is not in this file")
    if found.others:
        names = ", ".join(found.others)
        what = f"the history holds {names} too, with no monitor and no file here"
        click.echo(f"{what}; if another project shares the history, back that up too")
    if found.lost:
        click.echo(
            f"{len(found.lost)} files that the history names are gone from {opened.home}, such as {found.lost[0]}; "
            "an earlier back-up may hold them, and `lamplighter doctor` says whose they are",
            err=True,
        )
    for path in found.left:
        click.echo(f"{path}: left of a back-up that was killed; remove it, unless another one is at work", err=True)
