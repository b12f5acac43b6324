"""Gauges out: to a Pushgateway or a textfile of node_exporter, as a projection of the history."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from lamplighter.atomic import write_atomically
from lamplighter.core.evaluation.gauges import GAUGES, Sample
from lamplighter.core.secrets import hide
from lamplighter.errors import PublishError, one_line
from storage.project.folder import Project
from storage.project.private_files import write_private
from storage.project.settings import GaugeSink, Settings
from storage.sinks.exchange import Deadline, ExchangeError, exchange

JOB = "lamplighter"
READABLE_BY_ALL = 0o644
RETRY_SECONDS = (0.5, 2.0)


class _Samples(Collector):
    """Exposes samples in the order of the catalogue."""

    def __init__(self, model: str, samples: Iterable[Sample]) -> None:
        self.model = model
        self.by_gauge: dict[str, list[Sample]] = {}
        for sample in samples:
            self.by_gauge.setdefault(sample.gauge, []).append(sample)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for gauge in GAUGES:
            if gauge.name in self.by_gauge:
                family = GaugeMetricFamily(gauge.name, gauge.help, labels=("model", *gauge.labels))
                for sample in self.by_gauge[gauge.name]:
                    family.add_metric([self.model, *(value for _, value in sample.labels)], sample.value)
                yield family


def exposition(model: str, samples: Iterable[Sample]) -> bytes:
    """Samples in Prometheus' text format.

    Examples
    --------
    >>> print(exposition("m", [Sample("lamplighter_data_rows", 3.0)]).decode(), end="")
    # HELP lamplighter_data_rows rows of the window, repeated ones left out
    # TYPE lamplighter_data_rows gauge
    lamplighter_data_rows{model="m"} 3.0
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Samples(model, samples))
    return generate_latest(registry)


def publish(project: Project, model: str, samples: Iterable[Sample]) -> str:
    """Publish the gauges of a model in place of those published before.

    Returns
    -------
    str
        Where they went.

    Raises
    ------
    PublishError
        After the last retry.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = publish(Project.open(folder), "churn", [Sample("lamplighter_data_rows", 100.0)])
    ...     print(Path(path).read_text())
    # HELP lamplighter_data_rows rows of the window, repeated ones left out
    # TYPE lamplighter_data_rows gauge
    lamplighter_data_rows{model="churn"} 100.0
    <BLANKLINE>
    """
    text = exposition(model, samples)
    # The home keeps what was published last; it also shows which models have gauges out there.
    kept = _kept(project) / f"{model}.prom"
    _replace(kept, text)
    sink = _sink(project.settings)
    if sink is GaugeSink.PUSHGATEWAY:
        _push(project, "PUT", model, text)
        return f"Pushgateway, group job={JOB} model={model}"
    if folder := project.settings.textfile_dir:
        kept = project.root / folder / f"{JOB}-{model}.prom"
        _collected(kept, text)
    return str(kept)


def withdraw_retired(project: Project, models: Iterable[str]) -> list[str]:
    """Remove the gauges of models that the project no longer has; their history stays.

    Raises
    ------
    PublishError
        If the Pushgateway does not remove them; the next run tries again.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     shop = Project.open(folder)
    ...     _ = publish(shop, "churn", []), publish(shop, "old", [])
    ...     print(withdraw_retired(shop, ["churn"]))
    ['old']
    """
    known = set(models)
    retired = sorted(path.stem for path in _kept(project).glob("*.prom") if path.stem not in known)
    for model in retired:
        if _sink(project.settings) is GaugeSink.PUSHGATEWAY:
            _push(project, "DELETE", model)
        elif folder := project.settings.textfile_dir:
            _remove(project.root / folder / f"{JOB}-{model}.prom")
        _remove(_kept(project) / f"{model}.prom")
    return retired


def _kept(project: Project) -> Path:
    return project.home / "gauges"


def _sink(settings: Settings) -> GaugeSink:
    if settings.gauge_sink is not GaugeSink.AUTO:
        return settings.gauge_sink
    return GaugeSink.PUSHGATEWAY if settings.pushgateway_url else GaugeSink.TEXTFILE


def _replace(path: Path, text: bytes) -> None:
    try:
        write_private(path, text)
    except OSError as error:
        raise PublishError(
            f"{path} cannot be written: {error.strerror}", where="gauges", fix="free or allow it"
        ) from None


def _collected(path: Path, text: bytes) -> None:
    """Write the file of a textfile collector, which runs as another user and has to read it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text, mode=READABLE_BY_ALL)
    except OSError as error:
        raise PublishError(
            f"{path} cannot be written: {error.strerror}", where="gauges", fix="free or allow it"
        ) from None


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise PublishError(
            f"{path} cannot be removed: {error.strerror}", where="gauges", fix="remove it by hand"
        ) from None


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


def _request(project: Project, method: str, model: str, body: bytes | None, deadline: Deadline) -> None:
    """Ask the Pushgateway once."""
    settings = project.settings
    if not settings.pushgateway_url:
        raise PublishError(
            "gauge_sink is pushgateway and pushgateway_url is not set", fix="set LAMPLIGHTER_PUSHGATEWAY_URL"
        )
    base = settings.pushgateway_url.get_secret_value()
    headers, secrets = _authorization(settings)
    job = {
        "url": f"{base}/metrics/job/{JOB}/model/{quote(model)}",
        "method": method,
        "body": None if body is None else body.decode(),
        "headers": {"Content-Type": "text/plain; version=0.0.4; charset=utf-8", **headers},
        "certificates": str(project.root / settings.pushgateway_ca) if settings.pushgateway_ca else None,
    }
    try:
        reply = exchange("push", job, deadline.left)
    except ExchangeError as error:
        if error.too_slow:
            silent = f"Pushgateway gave no whole answer to {method} for {model} within {settings.push_seconds:g} s"
            raise PublishError(silent, fix="mend it, or raise LAMPLIGHTER_PUSH_SECONDS") from None
        reply = {"fault": str(error)}
    if fault := reply.get("certificates"):
        raise PublishError(
            f"pushgateway_ca {job['certificates']} cannot be used: {fault}",
            fix="name a file of certificates in PEM",
        )
    if fault := reply.get("fault"):
        hint = "; name its certificates as pushgateway_ca" if reply.get("untrusted") else ""
        reason = hide(one_line(ValueError(fault)), secrets)
        raise _Unanswered(f"Pushgateway does not answer {method} for {model}: {reason}{hint}")
    if (status := reply["status"]) >= 300:
        answer = hide(one_line(ValueError(reply["text"] or "without a word")), secrets)
        hint = "; check pushgateway_user and pushgateway_password" if status == 401 else ""
        kind = _Unanswered if status >= 500 else PublishError
        raise kind(f"Pushgateway refused {method} for {model}: {status} {answer}{hint}")


def _authorization(settings: Settings) -> tuple[dict[str, str], set[str]]:
    """The header of basic authentication, and what an answer may repeat of it and must not be shown."""
    if not settings.pushgateway_user:
        return {}, set()
    password = settings.pushgateway_password.get_secret_value() if settings.pushgateway_password else ""
    pair = f"{settings.pushgateway_user}:{password}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, {pair, password}
