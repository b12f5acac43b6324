"""The alert on incidents that the checks of a monitor opened.

It judges nothing: the history did. It takes those alone whose monitor says `notify: [alertmanager]`, since a run sends
the messages of all others.
"""

from __future__ import annotations

from datetime import timedelta

from lamplighter.core.evaluation.gauges import BY_NAME
from prometheus.alert import Alert
from prometheus.templates import severity_by
from storage.project.observability import Observability

OPEN = BY_NAME["lamplighter_incident_open"].name


def incident_alerts(config: Observability) -> tuple[Alert, ...]:
    """The alert on open incidents.

    Its severity is that of the check, in the words of the configuration.

    Examples
    --------
    >>> incident_alerts(Observability())[0].expr
    'lamplighter_incident_open{via="alertmanager"} == 1'
    """
    opened = config.selector(OPEN, 'via="alertmanager"')
    return (
        Alert(
            "LamplighterIncidentOpen",
            f"{opened} == 1",
            timedelta(),
            severity_by(config, "severity", "critical"),
            "{{ $labels.model }}: {{ $labels.check }} fails",
            "The check {{ $labels.check }} of {{ $labels.model }} fails. `lamplighter status {{ $labels.model }}` says "
            "which value and which limit.",
        ),
    )
