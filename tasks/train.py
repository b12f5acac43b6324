"""Train: the labelled past goes to the user's trainer, and what comes back is registered as a version."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow.parquet as pq
from prefect import task
from prefect.cache_policies import NO_CACHE

from lamplighter.core.features import answer_columns, kinds_of_feature
from lamplighter.core.retraining import Status
from lamplighter.errors import ModelError, one_line
from lamplighter.training import REFERENCE, WINDOW
from storage.history.retrainings import advance
from storage.labelled_rows import write_labelled
from storage.models import Version, checksum_of
from storage.user_code import text_of
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
    previous = work.registry.verified(champion.version) if champion else None
    changed = work.with_entry(status=Status.TRAINED, version=version, champion=champion.version if champion else "")
    with work.registry.scratch(version) as made:
        metrics = work.trainer.train(rows.path, made, version, previous)
        _check_reference(work, made / REFERENCE)
        features = _strip_reference(work, made / REFERENCE)
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
            advance(connection, work.read, changed.entry)
    return changed.written()


def _check_reference(work: Retraining, reference: Path) -> None:
    """Look at the reference that a trainer left.

    Raises
    ------
    ModelError
        If it is not there, cannot be read, lacks a column of answers, or answers nulls.
    """
    told = f"{work.retrain.trainer}: {REFERENCE}"
    if not reference.is_file():
        raise ModelError(f"{told} is not there; write what the model answers on rows that it was not fitted on")
    try:
        table = pq.read_table(reference)
    except Exception as error:
        raise ModelError(f"{told} cannot be read: {one_line(error)}") from None
    for name in answer_columns(work.monitor):
        if name not in table.column_names:
            raise ModelError(f"{told} has no column {name!r}; write the answers under the names of the log")
        if table[name].null_count == len(table):
            raise ModelError(f"{told} has no answer in {name!r}; a model that answers nulls is of no use")


def _strip_reference(work: Retraining, reference: Path) -> list[str]:
    """Leave out of the reference what it must not hold, private columns, and what no log has; returns its features."""
    names = pq.read_schema(reference).names
    if left_out := [name for name in (*work.monitor.private, WINDOW) if name in names]:
        pq.write_table(pq.read_table(reference).drop_columns(left_out), reference)
    return [name for name in names if name not in left_out and kinds_of_feature(work.monitor, name)]


train_task = task(name="train", cache_policy=NO_CACHE)(train)
