"""`prefect.yaml`: a scheduled deployment for each monitor, and one each for backfills and retrainings."""

from __future__ import annotations

from collections import UserDict
from typing import Any

import yaml

from lamplighter.core.monitor import Monitor
from lamplighter.errors import LamplighterError
from storage.project.folder import Project
from tasks.deployed import WORK_POOL
from tasks.retraining.submit import DEPLOYMENT

HEAD = """\
# Rendered by `lamplighter render` from the monitor files; edit those, not this file.
# docs/how-to/deploy.md says what to do with it.
"""

PULL = [{"prefect.deployments.steps.set_working_directory": {"directory": "{{ $LAMPLIGHTER_ROOT }}"}}]
"""Without it Prefect writes the folder from which one deploys into every deployment."""

WAITING = {"limit": 1, "collision_strategy": "ENQUEUE"}
"""Runs of one model wait for each other; a run that Prefect dropped would leave its window missing."""


class Environment(UserDict[str, str]):
    """The variables of this process, and a placeholder for each that is set only where the runs take place."""

    def __missing__(self, name: str) -> str:
        return f"unset-{name.lower()}"

    def __contains__(self, name: object) -> bool:
        return True


def declared(project: Project) -> list[Monitor]:
    """The monitors of a project by name, whether or not their variables are set here.

    Raises
    ------
    LamplighterError
        If a monitor file cannot be read, or there is none: what is rendered would lack its model.

    Examples
    --------
    >>> [monitor.model for monitor in declared(project)]
    ['churn']
    """
    monitors = []
    for _, monitor in project.monitors(Environment(dict(project.environ))):
        if isinstance(monitor, LamplighterError):
            raise monitor
        monitors.append(monitor)
    return sorted(monitors, key=lambda monitor: monitor.model)


def prefect_yaml(project: Project) -> str:
    """The text of `prefect.yaml`, by monitors in order of their names.

    Raises
    ------
    LamplighterError
        If a monitor file cannot be read: its deployment would be missing, and so would its runs.

    Examples
    --------
    >>> [line.strip() for line in prefect_yaml(project).splitlines() if line.startswith("- name: ")]
    ['- name: churn', '- name: backfill', '- name: retrain']
    """
    deployments = [_scheduled(monitor) for monitor in declared(project)]
    deployments += [
        _by_hand("backfill", "flows/backfill.py:backfill", "Past windows of some models, in order."),
        _by_hand(DEPLOYMENT.partition("/")[2], "flows/retrain.py:retrain", "A retraining that a run requested."),
    ]
    content = {"name": "lamplighter", "pull": PULL, "deployments": deployments}
    return HEAD + yaml.dump(content, sort_keys=False, allow_unicode=True, width=120, Dumper=_Plain)


def _scheduled(monitor: Monitor) -> dict[str, Any]:
    tags = ["lamplighter", monitor.kind.name, *(f"{key}:{value}" for key, value in sorted(monitor.tags.items()))]
    return {
        "name": monitor.model,
        "description": f"The runs of {monitor.model}.",
        "entrypoint": "flows/monitor.py:monitor",
        "parameters": {"model": monitor.model},
        "schedules": [{"cron": monitor.cron, "timezone": monitor.timezone, "active": True}],
        "concurrency_limit": WAITING,
        "tags": tags,
        "work_pool": {"name": WORK_POOL},
    }


def _by_hand(name: str, entrypoint: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "entrypoint": entrypoint,
        "schedules": [],
        "tags": ["lamplighter"],
        "work_pool": {"name": WORK_POOL},
    }


class _Plain(yaml.SafeDumper):
    """Writes what is said twice twice, as a person would."""

    def ignore_aliases(self, data: Any) -> bool:
        """No anchors."""
        return True
