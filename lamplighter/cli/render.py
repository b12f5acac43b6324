"""`lamplighter render`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lamplighter.application import IS_CHECKOUT, ROOT
from lamplighter.atomic import write_atomically
from lamplighter.errors import LamplighterError


@click.command(epilog="Example: lamplighter -C my-project render")
@click.option("--docs", type=click.Path(path_type=Path), metavar="DIR", help="Also the reference pages, into DIR.")
@click.option(
    "--checkout",
    is_flag=True,
    help="What is committed in the checkout: prefect.yaml, docs/reference, prometheus/rules, dashboards.",
)
@click.option("--check", is_flag=True, help="Write nothing; name the files that are stale and exit with 1.")
@click.pass_obj
def command(project: str | None, docs: Path | None, checkout: bool, check: bool) -> None:
    """Write what is made from the monitor files, the catalogues and the models of both.

    In the project that is prefect.yaml, with a deployment for each monitor, and monitors/monitor.schema.json: name it
    in the first line of a monitor file, `# yaml-language-server: $schema=monitor.schema.json`, and an editor completes
    keys and marks mistakes.
    """
    from flows.deployments import prefect_yaml
    from lamplighter.core.monitor.schema import SCHEMA_FILE, schema_text
    from storage.project.folder import Project

    opened = Project.open(project)
    files = {opened.monitors_folder / SCHEMA_FILE: schema_text()}
    if opened.has_monitors:
        files[(ROOT if checkout else opened.root) / "prefect.yaml"] = prefect_yaml(opened)
    if docs:
        from lamplighter.cli.reference import reference_pages

        files |= {docs / name: text for name, text in reference_pages().items()}
    if checkout:
        files |= checkout_files()
    try:
        stale = [path for path, text in files.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
        for path in stale:
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(path.resolve(), files[path].encode())
    except OSError as error:
        what = f"{error.filename} cannot be written: {error.strerror}"
        raise LamplighterError(what, where="render", fix="free or allow it") from None
    for path in stale:
        what = "stale or absent; the same command without --check writes it" if check else "written"
        click.echo(f"{path}: {what}", err=check)
    click.echo(f"{len(files) - len(stale)} of {len(files)} files {'are' if check else 'were'} up to date")
    sys.exit(1 if check and stale else 0)


def checkout_files() -> dict[Path, str]:
    """What is rendered and committed in the checkout, by path.

    Raises
    ------
    LamplighterError
        Outside a checkout, or where what only its development needs is not installed.
    """
    from lamplighter.cli.reference import reference_pages

    if not IS_CHECKOUT:
        raise LamplighterError("this is an installed package", where="render --checkout", fix="run it in a checkout")
    from dashboards.model import dashboard_json
    from prometheus.rules import rules_yaml

    return {
        **{ROOT / "docs" / "reference" / name: text for name, text in reference_pages().items()},
        ROOT / "prometheus" / "rules" / "runs.yml": rules_yaml(),
        ROOT / "dashboards" / "model.json": dashboard_json(),
    }
