"""The alert on incidents that the checks of a monitor opened.

It judges nothing: the history did. It takes those alone whose monitor says `notify: [alertmanager]`, since a run sends
the messages of all others.
"""

from __future__ import annotations

from datetime import timedelta

from lamplighter.core.evaluation.gauges import BY_NAME
from prometheus.alert import Alert
from prometheus.queries import quoted
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
    critical, warning = (f"{{{{ {quoted(word)} }}}}" for word in (config.critical, config.warning))
    opened = config.selector(OPEN, 'via="alertmanager"')
    return (
        Alert(
            "LamplighterIncidentOpen",
            f"{opened} == 1",
            timedelta(),
            f'{{{{ if eq $labels.severity "critical" }}}}{critical}{{{{ else }}}}{warning}{{{{ end }}}}',
            "{{ $labels.model }}: {{ $labels.check }} fails",
            "The check {{ $labels.check }} of {{ $labels.model }} fails. `lamplighter status {{ $labels.model }}` says "
            "which value and which limit.",
        ),
    )
