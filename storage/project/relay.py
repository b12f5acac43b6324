"""Who `lamplighter relay` sends alerts on to: the section `[relay]` of `lamplighter.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lamplighter.core.hints import did_you_mean
from lamplighter.core.monitor.variables import Variables
from lamplighter.core.secrets import notification_fault
from lamplighter.errors import MonitorError
from storage.project.folder import Project
from storage.project.settings import RELAY, line_of, settings_file

RECEIVERS = "receivers"
NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")
WRITTEN = "write receivers = {default = ['${ALERTS_URL}']}"


def relay_receivers(project: Project) -> dict[str, tuple[str, ...]]:
    r"""The apprise URLs of each receiver, by its name. They are secrets: no message shows them.

    Raises
    ------
    MonitorError
        If the section has another form, a variable is not set, or a URL is not clear.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "lamplighter.toml").write_text("[relay]\nreceivers = {default = 'json://alerts.example'}\n")
    ...     relay_receivers(Project.open(folder))
    {'default': ('json://alerts.example',)}
    """
    path, text, values = settings_file(project.root)
    section = values.get(RELAY, {})
    where = f"{path}:{line_of(text, RELAY)}"
    if not isinstance(section, Mapping):
        raise MonitorError(f"{RELAY} is a section", where=where, fix="write [relay]")
    if unknown := next((name for name in section if name != RECEIVERS), None):
        place = f"{path}:{line_of(text, unknown)}"
        raise MonitorError(f"unknown key {unknown!r} of [relay]", where=place, fix=did_you_mean(unknown, [RECEIVERS]))
    receivers = section.get(RECEIVERS, {})
    if not isinstance(receivers, Mapping):
        raise MonitorError("[relay] receivers are URLs by name", where=where, fix=WRITTEN)
    variables = Variables(project.environ)
    return {name: tuple(_urls(name, urls, variables, where)) for name, urls in receivers.items()}


def _urls(name: str, urls: Any, variables: Variables, where: str) -> Iterator[str]:
    """The URLs of one receiver."""
    if not NAME.fullmatch(name):
        raise MonitorError(f"[relay] {name!r} is no name", where=where, fix="use letters, digits, - and _")
    listed = [urls] if isinstance(urls, str) else urls
    if not isinstance(listed, list) or not listed or not all(isinstance(url, str) for url in listed):
        raise MonitorError(f"[relay] {name} should be a URL or a list of them", where=where, fix=WRITTEN)
    for url in listed:
        try:
            filled = variables.fill(url)
        except ValueError as error:
            raise MonitorError(f"[relay] {name}: {error}", where=where) from None
        fault = notification_fault(filled) or (
            "" if "://" in filled else "a URL is not one; write slack://... or the like"
        )
        if fault:
            raise MonitorError(f"[relay] {name}: {fault}", where=where)
        yield filled
