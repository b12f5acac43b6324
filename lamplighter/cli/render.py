"""`lamplighter render`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lamplighter.application import IS_CHECKOUT, ROOT
from lamplighter.atomic import write_atomically
from lamplighter.cli.number import Between
from lamplighter.errors import LamplighterError

if TYPE_CHECKING:
    from storage.project.folder import Project

FOLDER = click.Path(path_type=Path)

MOST_SCALE = 1_000
"""Prometheus counts in milliseconds: 15 s divided by 1,000 are 15 of them."""


@click.command(epilog="Example: lamplighter -C my-project render --rules /etc/prometheus/rules")
@click.option("--docs", type=FOLDER, metavar="DIR", help="Also the reference pages, into DIR.")
@click.option("--rules", type=FOLDER, metavar="DIR", help="Also Prometheus' rules, into DIR.")
@click.option(
    "--prometheus", type=FOLDER, metavar="DIR", help="Also prometheus.yml, its rules, and alertmanager.yml, into DIR."
)
@click.option(
    "--time-scale",
    type=Between(1, MOST_SCALE),
    default=1.0,
    metavar="N",
    help="With --rules and --prometheus: divide every length of time by N, to watch in a minute what takes an hour.",
)
@click.option(
    "--dashboards", type=FOLDER, metavar="DIR", help="Also Grafana's dashboards and its provisioning, into DIR."
)
@click.option(
    "--checkout",
    is_flag=True,
    help="What is committed in the checkout: prefect.yaml, docs/reference, prometheus, dashboards.",
)
@click.option("--check", is_flag=True, help="Write nothing; name the files that are stale and exit with 1.")
@click.pass_obj
def command(
    project: str | None,
    docs: Path | None,
    rules: Path | None,
    prometheus: Path | None,
    time_scale: float,
    dashboards: Path | None,
    checkout: bool,
    check: bool,
) -> None:
    """Write what is made from the monitor files, the catalogues and the models of both.

    In the project that is prefect.yaml, with a deployment for each monitor, and monitors/monitor.schema.json: name it
    in the first line of a monitor file, `# yaml-language-server: $schema=monitor.schema.json`, and an editor completes
    keys and marks mistakes. Rules and dashboards are as the section [observability] of lamplighter.toml says, and
    dashboards have a panel for what the project's monitors measure.
    """
    if time_scale != 1 and not (rules or prometheus):
        raise click.UsageError("--time-scale is of --rules and --prometheus; give one of them.")
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
    if rules:
        files |= {rules / f"lamplighter-{name}.yml": text for name, text in _rules(opened, time_scale).items()}
    if prometheus:
        files |= {prometheus / name: text for name, text in _prometheus(opened, time_scale).items()}
    if dashboards:
        files |= {dashboards / name: text for name, text in _dashboards(opened).items()}
    if checkout:
        files |= checkout_files()
    try:
        stale = [path for path, text in files.items() if not path.is_file() or path.read_bytes() != text.encode()]
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
    if rules or prometheus:
        _say_where_alerts_link(opened)
    sys.exit(1 if check and stale else 0)


def _rules(project: Project, time_scale: float) -> dict[str, str]:
    """Rule files by their names."""
    from prometheus.rule_files import RULE_FILES, rules_yaml
    from storage.project.observability import load_observability

    config = load_observability(project.root).scaled(time_scale)
    return {name: rules_yaml(name, config) for name in RULE_FILES}


def _prometheus(project: Project, time_scale: float) -> dict[str, str]:
    """What Prometheus and Alertmanager are configured by, by paths in a folder."""
    from prometheus.files import prometheus_files
    from storage.project.observability import load_observability

    return prometheus_files(load_observability(project.root).scaled(time_scale))


def _say_where_alerts_link(project: Project) -> None:
    """One line where links of alerts are relative, which leads nowhere from a message."""
    from storage.project.observability import load_observability
    from storage.project.observability_fields import RUNBOOK
    from storage.project.settings import SETTINGS_FILE

    if load_observability(project.root).runbook_url == RUNBOOK:
        what = f"runbook_url is not set, so alerts link to the relative path {RUNBOOK}"
        fix = 'put the page where your team reads it, and set runbook_url = "https://..." in [observability]'
        click.echo(f"{project.root / SETTINGS_FILE}: {what}; {fix}", err=True)


def _dashboards(project: Project) -> dict[str, str]:
    from flows.deployments import declared
    from storage.project.observability import load_observability

    config, monitors = load_observability(project.root), declared(project)
    try:
        from dashboards.files import dashboard_files
        from dashboards.measured import measured_by
    except ModuleNotFoundError as error:
        raise LamplighterError(
            f"no module {str(error.name).partition('.')[0]}",
            where="render --dashboards",
            fix="run `pip install 'lamplighter[dashboards]'`",
        ) from None
    url = project.settings.history_url
    in_postgresql = url is not None and url.get_secret_value().startswith("postgresql")
    return dashboard_files(config, measured_by(monitors, in_postgresql))


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
    from dashboards.files import dashboard_files
    from prometheus.containers import container_files
    from prometheus.files import prometheus_files

    return {
        **{ROOT / "docs" / "reference" / name: text for name, text in reference_pages().items()},
        **{ROOT / "prometheus" / name: text for name, text in {**prometheus_files(), **container_files()}.items()},
        **{ROOT / "dashboards" / "grafana" / name: text for name, text in dashboard_files().items()},
    }
