"""Gauges out: to a Pushgateway or a textfile of node_exporter, as a projection of the history."""

from __future__ import annotations

import base64
import http.client
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from lamplighter.core.gauges import GAUGES, Sample
from lamplighter.errors import PublishError, one_line
from storage.project import Project
from storage.settings import GaugeSink, Settings

JOB = "lamplighter"
RETRY_SECONDS = (0.5, 2.0)
TIMEOUT_SECONDS = 10


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
    # HELP lamplighter_data_rows rows of the window
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
    """
    text = exposition(model, samples)
    # The home keeps what was published last; it also tells which models have gauges out there.
    kept = _kept(project) / f"{model}.prom"
    _replace(kept, text)
    sink = _sink(project.settings)
    if sink is GaugeSink.PUSHGATEWAY:
        _push(project, "PUT", model, text)
        return f"Pushgateway, group job={JOB} model={model}"
    if folder := project.settings.textfile_dir:
        kept = project.root / folder / f"{JOB}-{model}.prom"
        _replace(kept, text)
    return str(kept)


def withdraw_retired(project: Project, models: Iterable[str]) -> list[str]:
    """Take back the gauges of models that the project no longer has; their history stays.

    Raises
    ------
    PublishError
        If the Pushgateway does not take them back; the next night tries again.
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
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            temporary.write_bytes(text)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise PublishError(f"gauges: {path} cannot be written: {error.strerror}; free or allow it") from None


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise PublishError(f"gauges: {path} cannot be removed: {error.strerror}; remove it by hand") from None


class _Unanswered(PublishError):
    """The Pushgateway may answer when it is asked again."""


def _push(project: Project, method: str, model: str, body: bytes | None = None) -> None:
    """Replace or delete the group of a model; what was refused is not asked for again."""
    for pause in RETRY_SECONDS:
        try:
            return _request(project, method, model, body)
        except _Unanswered:
            time.sleep(pause)
    return _request(project, method, model, body)


def _request(project: Project, method: str, model: str, body: bytes | None) -> None:
    """Ask the Pushgateway once.

    Written on urllib because `prometheus_client` has no handler for basic authentication and a certificate file
    together.
    """
    settings = project.settings
    if not settings.pushgateway_url:
        raise PublishError("gauge_sink is pushgateway and pushgateway_url is not set; set LAMPLIGHTER_PUSHGATEWAY_URL")
    base = settings.pushgateway_url.get_secret_value()
    request = urllib.request.Request(f"{base}/metrics/job/{JOB}/model/{quote(model)}", data=body, method=method)
    request.add_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
    if settings.pushgateway_user:
        password = settings.pushgateway_password.get_secret_value() if settings.pushgateway_password else ""
        token = base64.b64encode(f"{settings.pushgateway_user}:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    context = _certificates(project)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=context):
            return
    except urllib.error.HTTPError as error:
        with error:
            answer = one_line(ValueError(error.read().decode(errors="replace")))
        hint = "; check pushgateway_user and pushgateway_password" if error.code == 401 else ""
        kind = _Unanswered if error.code >= 500 else PublishError
        raise kind(f"Pushgateway refused {method} for {model}: {error.code} {answer}{hint}") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        hint = "; name its certificates as pushgateway_ca" if isinstance(reason, ssl.SSLCertVerificationError) else ""
        raise _Unanswered(f"Pushgateway does not answer {method} for {model}: {reason}{hint}") from None


def _certificates(project: Project) -> ssl.SSLContext | None:
    """What the Pushgateway's certificate is checked by; None for what the system trusts."""
    if project.settings.pushgateway_ca is None:
        return None
    path = project.root / project.settings.pushgateway_ca
    try:
        return ssl.create_default_context(cafile=str(path))
    except OSError as error:
        raise PublishError(f"pushgateway_ca {path} cannot be used: {error.strerror or error}") from None
