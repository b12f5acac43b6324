"""Train: the labelled past goes to the user's trainer, and what comes back is registered as a version."""

from __future__ import annotations

import hashlib

from prefect import task
from prefect.cache_policies import NO_CACHE

from lamplighter.core.retraining import Status
from lamplighter.errors import ModelError
from lamplighter.training import REFERENCE
from storage.history.retrainings import advance
from storage.labelled_rows import write_labelled
from storage.models import Version, checksum_of
from storage.user_code import text_of
from storage.version_reference import kept_reference
from tasks.labelled_windows import comparison_windows, training_windows
from tasks.retraining import Retraining


def train(work: Retraining) -> Retraining:
    """Train and register a challenger; of one that is registered already, as on probation, nothing is done again.

    Raises
    ------
    ModelError
        If there is nothing to learn from, or the trainer fails or leaves half a model.
    """
    if work.entry.version:
        return work
    # A training that nothing could be compared with afterwards is not begun.
    comparison_windows(work)
    windows = training_windows(work)
    rows = write_labelled(work.project, work.monitor, windows, work.scratch / "train.parquet", work.scratch / "spool")
    version, champion = work.new_version, work.champion
    if work.registry.find(version):
        raise ModelError(f"{work.monitor.model}: version {version} is registered already; a version never changes")
    previous = work.lent(champion.version) if champion else None
    changed = work.with_entry(status=Status.TRAINED, version=version, champion=champion.version if champion else "")
    with work.registry.scratch(version) as made:
        metrics = work.trainer.train(rows.path, made, version, previous)
        if not (made / REFERENCE).is_file():
            told = f"{work.retrain.trainer}: {REFERENCE} is not there"
            raise ModelError(f"{told}; write what the model answers on rows that it was not fitted on")
        features = kept_reference(work.monitor, made / REFERENCE, work.retrain.trainer or "", rows.kinds())
        card = {
            "features": features,
            "metrics": metrics,
            "rows": rows.rows,
            "labelled": rows.labelled,
            "trainer": work.retrain.trainer,
            "code": hashlib.sha256(text_of(work.project, work.retrain.trainer or "").encode()).hexdigest(),
        }
        span, checksum = (windows[0].start, windows[-1].end), checksum_of(made)
        registered = Version(work.monitor.model, version, work.entry.known_on, *span, checksum, card)
        with work.history.writing() as connection:
            work.registry.register(connection, made, registered)
            advance(connection, work.recorded, changed.entry)
    return changed.written()


train_task = task(name="train", cache_policy=NO_CACHE)(train)
