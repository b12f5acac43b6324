"""An alert on a champion that a service cannot load: it goes on with the version before, and no request fails."""

from __future__ import annotations

from lamplighter.core.records.live import LIVE_BY_NAME
from prometheus.alert import Alert
from prometheus.queries import WHOSE, of_service
from prometheus.spans import in_words
from storage.project.observability import Observability

REFUSED = LIVE_BY_NAME["model_service_champion_refused"].name


def champion_alerts(config: Observability) -> tuple[Alert, ...]:
    """The alert on a champion that is not served.

    Examples
    --------
    >>> [alert.name for alert in champion_alerts(Observability())]
    ['LamplighterChampionRefused']
    """
    # A version whose files are still being copied to the service is whole by then.
    after = config.live.champion_after
    return (
        Alert(
            "LamplighterChampionRefused",
            f"max {of_service(config)} ({config.selector(REFUSED)}) > 0",
            after,
            config.warning,
            f"{WHOSE} cannot load its champion",
            f"The service of {WHOSE} has not been able to load the champion for {in_words(after)}. It serves the "
            "version before it still.",
        ),
    )
