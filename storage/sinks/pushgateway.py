"""Gauges out: to a Pushgateway."""

from __future__ import annotations

import base64
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from lamplighter.core.secrets import hide
from lamplighter.errors import PublishError, one_line
from storage.project.folder import Project
from storage.project.settings import Settings
from storage.sinks.exchange import Deadline, ExchangeError, exchange

JOB = "lamplighter"
RETRY_SECONDS = (0.5, 2.0)


def publish(project: Project, model: str, text: bytes) -> str:
    """Put the gauges of a model in place of those of its group.

    Raises
    ------
    PublishError
        After the last retry.
    """
    _push(project, "PUT", model, text)
    return f"Pushgateway, group job={JOB} model={model}"


def withdraw(project: Project, model: str) -> None:
    """Remove the group of a model.

    Raises
    ------
    PublishError
        If the Pushgateway does not remove it; the next run tries again.
    """
    _push(project, "DELETE", model)


class _Unanswered(PublishError):
    """The Pushgateway may answer when it is asked again."""


def _push(project: Project, method: str, model: str, body: bytes | None = None) -> None:
    """Replace or delete the group of a model; what was refused is not asked for again."""
    deadline = Deadline(project.settings.push_seconds)
    for pause in RETRY_SECONDS:
        try:
            return _request(project, method, model, body, deadline)
        except _Unanswered:
            if deadline.left <= pause:
                raise
            time.sleep(pause)
    return _request(project, method, model, body, deadline)


class Pushed(NamedTuple):
    """What a Pushgateway says of itself.

    Attributes
    ----------
    date : datetime or None
        Its clock.
    times : dict of str to datetime
        When the gauges of each model were pushed last.
    """

    date: datetime | None
    times: dict[str, datetime]


def pushed(project: Project) -> Pushed:
    """Ask the Pushgateway, once, what it has of ours.

    Raises
    ------
    PublishError
    """
    reply = _asked(project, "pushed", "GET", "/metrics", None, Deadline(project.settings.push_seconds), {"job": JOB})
    times = {model: datetime.fromtimestamp(at, UTC) for model, at in reply["times"].items()}
    date = None
    with suppress(TypeError, ValueError):
        date = parsedate_to_datetime(reply["date"])
    return Pushed(date, times)


def _request(project: Project, method: str, model: str, body: bytes | None, deadline: Deadline) -> None:
    """Ask the Pushgateway once, about the group of a model."""
    _asked(project, "push", method, f"/metrics/job/{JOB}/model/{quote(model)}", body, deadline, {"model": model})


def _asked(
    project: Project, work: str, method: str, path: str, body: bytes | None, deadline: Deadline, more: dict[str, str]
) -> dict[str, Any]:
    """What the Pushgateway answers."""
    settings = project.settings
    about = f"{method} for {more['model']}" if "model" in more else method
    if not settings.pushgateway_url:
        raise PublishError(
            "gauge_sink is pushgateway and pushgateway_url is not set", fix="set LAMPLIGHTER_PUSHGATEWAY_URL"
        )
    base = settings.pushgateway_url.get_secret_value()
    headers, secrets = _authorization(settings)
    job = {
        "url": f"{base}{path}",
        "method": method,
        "body": None if body is None else body.decode(),
        "headers": {"Content-Type": "text/plain; version=0.0.4; charset=utf-8", **headers},
        "certificates": str(project.root / settings.pushgateway_ca) if settings.pushgateway_ca else None,
        **more,
    }
    try:
        reply = exchange(work, job, deadline.left)
    except ExchangeError as error:
        if error.too_slow:
            silent = f"Pushgateway gave no whole answer to {about} within {settings.push_seconds:g} s"
            raise PublishError(silent, fix="mend it, or raise LAMPLIGHTER_PUSH_SECONDS") from None
        reply = {"fault": str(error)}
    if fault := reply.get("certificates"):
        raise PublishError(
            f"pushgateway_ca {job['certificates']} cannot be used: {fault}",
            fix="name a file of certificates in PEM",
        )
    if fault := reply.get("fault"):
        fix = "name its certificates as pushgateway_ca" if reply.get("untrusted") else ""
        reason = hide(one_line(ValueError(fault)), secrets)
        raise _Unanswered(f"Pushgateway does not answer {about}: {reason}", fix=fix)
    if (status := reply["status"]) >= 300:
        answer = hide(one_line(ValueError(reply["text"] or "without a word")), secrets)
        fix = "check pushgateway_user and pushgateway_password" if status == 401 else ""
        kind = _Unanswered if status >= 500 else PublishError
        raise kind(f"Pushgateway refused {about}: {status} {answer}", fix=fix)
    return reply


def _authorization(settings: Settings) -> tuple[dict[str, str], set[str]]:
    """The header of basic authentication, and what an answer may repeat of it and must not be shown."""
    if not settings.pushgateway_user:
        return {}, set()
    password = settings.pushgateway_password.get_secret_value() if settings.pushgateway_password else ""
    pair = f"{settings.pushgateway_user}:{password}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, {pair, password}
