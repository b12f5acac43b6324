"""Alerts on services and machines that do not answer."""

from __future__ import annotations

from lamplighter.core.records.live import LIVE_BY_NAME
from prometheus.alert import Alert
from prometheus.queries import WHOSE, quoted
from prometheus.spans import in_words, promql
from prometheus.templates import label_of
from storage.project.observability import Observability

INFO = LIVE_BY_NAME["model_service_info"].name
IN_FLIGHT = LIVE_BY_NAME["requests_in_flight"].name
ANSWERED = LIVE_BY_NAME["requests_total"].name


def service_presence(config: Observability) -> tuple[Alert, ...]:
    """The alerts on services that are down, that hang, or that are fewer than declared.

    Of a job that is gone there is no `up` at all: it counts as none, and is no reason to be silent. A job that
    Prometheus never watched is none of ours.

    Examples
    --------
    >>> service_presence(Observability())[2].expr.partition(" and ")[0]
    '(count(up{job="model-service"} == 1) or vector(0)) < 1'
    """
    live = config.live
    served = label_of(config, INFO, "model", ("instance",), " It served ", ".")
    return (
        Alert(
            "LamplighterServiceDown",
            f"{_up(config, live.job)} == 0",
            live.down_after,
            config.critical,
            "Service {{ $labels.instance }} is down",
            f"Prometheus has had no answer from {{{{ $labels.instance }}}} for {in_words(live.down_after)}.{served}",
            is_of_model=False,
        ),
        _stuck(config),
        *_too_few(
            config,
            "LamplighterServicesTooFew",
            live.job,
            live.least_services,
            "services",
        ),
    )


def _stuck(config: Observability) -> Alert:
    """The alert on a service that answers Prometheus and no request; of several instances each stands for itself."""
    live = config.live
    each = ", ".join(("job", "instance", "model", *config.keep))
    answered = f"sum by ({each}) (rate({config.selector(ANSWERED)}[{promql(live.rate_window)}])) > 0"
    return Alert(
        "LamplighterServiceStuck",
        f"sum by ({each}) ({config.selector(IN_FLIGHT)}) > 0\n  unless {answered}",
        live.stuck_after,
        config.critical,
        f"Service {{{{ $labels.instance }}}} of {WHOSE} answers no request",
        f"{{{{ $value }}}} requests to {{{{ $labels.instance }}}} ({WHOSE}) are being processed, and for "
        f"{in_words(live.stuck_after)} none was answered.",
    )


def machine_presence(config: Observability) -> tuple[Alert, ...]:
    """The alert on machines of which there are fewer than declared.

    Examples
    --------
    >>> [alert.name for alert in machine_presence(Observability())]
    ['LamplighterMachinesTooFew']
    """
    machines = config.machines
    return _too_few(config, "LamplighterMachinesTooFew", machines.job, machines.least, "machines")


def target_presence(config: Observability) -> tuple[Alert, ...]:
    """The alert on what gauges of runs and numbers of machines are scraped from.

    The Prefect server is left out, since it exposes metrics only where it is asked to. So is Alertmanager: without it
    no alert reaches a person.

    Examples
    --------
    >>> print(target_presence(Observability())[0].expr)
    up{job="pushgateway"} == 0
      or
    up{job="node"} == 0
    """
    wait = config.machines.down_after
    jobs = dict.fromkeys((config.scrape.pushgateway_job, config.machines.job))
    return (
        Alert(
            "LamplighterTargetDown",
            "\n  or\n".join(f"{_up(config, job)} == 0" for job in jobs),
            wait,
            config.warning,
            "{{ $labels.job }} at {{ $labels.instance }} is down",
            f"Prometheus has had no answer from {{{{ $labels.instance }}}} for {in_words(wait)}. What it exposes is "
            "not watched.",
            is_of_model=False,
        ),
    )


def _too_few(config: Observability, name: str, job: str, least: int, what: str) -> tuple[Alert, ...]:
    if not least:
        return ()
    up, past = _up(config, job), promql(config.look_back)
    wait = config.live.down_after if what == "services" else config.machines.down_after
    return (
        Alert(
            name,
            f"(count({up} == 1) or vector(0)) < {least} and on () count(last_over_time({up}[{past}]))",
            wait,
            config.critical,
            f"Too few {what} answer",
            f"{{{{ $value }}}} {what} of job {job} answer, and for {in_words(wait)} fewer than the {least} declared.",
            is_of_model=False,
        ),
    )


def _up(config: Observability, job: str) -> str:
    return config.selector("up", f"job={quoted(job)}")
