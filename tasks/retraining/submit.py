"""Handing a retraining over to a server: one flow run for each attempt, however often it is asked for."""

from __future__ import annotations

import os

from lamplighter.core.retraining.policy import Entry
from tasks.retraining.job import Retraining

DEPLOYMENT = "retrain/retrain"
MOST_ATTEMPTS = 3
"""Flow runs that may die before a retraining counts as failed."""


def handed_over(work: Retraining) -> bool:
    """Start the flow run of a retraining where there is a server with its deployment; False where there is none.

    The key holds model, logical date and attempt, so that asking again starts nothing twice. A flow run that
    ended and left the ledger behind has died; the next attempt continues where it stopped.
    """
    if not os.environ.get("PREFECT_API_URL"):
        return False
    from tasks.server import start

    while work.entry.attempt <= MOST_ATTEMPTS:
        parameters = {
            "model": work.entry.model,
            "logical_date": work.entry.known_on.isoformat(),
            "purpose": work.entry.purpose.value,
            "project": str(work.project.root),
        }
        run = start(DEPLOYMENT, parameters, f"{key_of(work.entry)} {work.entry.attempt}")
        if run is None:
            return False
        if run.state is None or not run.state.is_final() or work.refreshed().entry != work.entry:
            return True
        if run.state.is_cancelled():
            work.failed("its flow run was cancelled")
            return True
        work = work.save(attempt=work.entry.attempt + 1)
    work.failed(f"{MOST_ATTEMPTS} flow runs of it died; see them in Prefect's UI")
    return True


def key_of(entry: Entry) -> str:
    """A key that no other entry of the ledger has; each time that a person asks again makes another entry.

    Examples
    --------
    >>> key_of(Entry("churn", context.known_on))
    'lamplighter churn 2026-03-12T00:00:00+00:00 retraining 1'
    """
    return f"lamplighter {entry.model} {entry.known_on.isoformat()} {entry.purpose.value} {entry.asked}"
