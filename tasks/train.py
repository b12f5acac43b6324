"""Train: the labelled past goes to the user's trainer, and what comes back is registered as a version."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
from prefect import task
from prefect.cache_policies import NO_CACHE

from lamplighter.core.features import answer_columns
from lamplighter.core.measurement import State
from lamplighter.core.retraining import Status
from lamplighter.core.window import Window
from lamplighter.errors import ModelError, one_line
from lamplighter.training import REFERENCE
from storage.history.breaks import silencing_quality
from storage.history.retrainings import advance
from storage.history.windows import Ledger, ledgers
from storage.labelled_rows import LabelledRows, write_labelled
from storage.models import Version, checksum_of
from storage.user_code import text_of
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
    windows = [*training_windows(work)]
    rows = write_labelled(work.project, work.monitor, windows, work.scratch / "train.parquet", work.scratch / "spool")
    version, champion = work.new_version, work.champion
    made = work.registry.scratch(version)
    previous = work.registry.verified(champion.version) if champion else None
    metrics = work.trainer.train(rows.path, made, version, previous)
    features = _checked(work, rows, made)
    _without_private(work, made / REFERENCE)
    card = {
        "features": features,
        "metrics": metrics,
        "rows": rows.rows,
        "labelled": rows.labelled,
        "trainer": work.retrain.trainer,
        "code": hashlib.sha256(text_of(work.project, work.retrain.trainer or "").encode()).hexdigest(),
    }
    registered = Version(
        work.monitor.model,
        version,
        work.entry.known_on,
        windows[0].start,
        windows[-1].end,
        checksum_of(made),
        card,
    )
    changed = work.with_entry(status=Status.TRAINED, version=version, champion=champion.version if champion else "")
    with work.history.writing() as connection:
        work.registry.register(connection, made, registered)
        advance(connection, work.read, changed.entry)
    return changed.written()


def comparison_since(work: Retraining) -> datetime:
    """From when on matured rows are held back for the comparison."""
    final = [ledger.window for ledger in _final(work)]
    if not final:
        raise ModelError(f"{work.monitor.model}: no window has final labels; wait for them")
    return max(window.end for window in final) - work.accept.days


def training_windows(work: Retraining) -> Iterator[Window]:
    """The windows that the trainer gets: labelled, sound, and older than those of the comparison."""
    until = comparison_since(work)
    first = Window.of(work.monitor.model, work.monitor.every, work.monitor.timezone, until - work.retrain.window)
    while first.end <= until:
        if _is_sound(work, first):
            yield first
        first = first.next()


def comparison_windows(work: Retraining) -> list[Window]:
    """The newest matured windows that are sound."""
    since = comparison_since(work)
    windows = sorted((ledger.window for ledger in _final(work)), key=lambda window: window.start)
    return [window for window in windows if window.start >= since and _is_sound(work, window)]


def _final(work: Retraining) -> list[Ledger]:
    known = ledgers(work.history, work.night, work.entry.known_on).values()
    return [ledger for ledger in known if ledger.state is State.FINAL and ledger.rows]


def _is_sound(work: Retraining, window: Window) -> bool:
    return not silencing_quality(work.history, work.monitor, window, window, work.entry.known_on)


def _checked(work: Retraining, rows: LabelledRows, made: Path) -> list[str]:
    """Look at what a trainer left; returns the features that its reference has.

    Raises
    ------
    ModelError
        If the reference is not there, cannot be read, lacks a column of answers, or answers nulls.
    """
    place = made / REFERENCE
    told = f"{work.retrain.trainer}: {REFERENCE}"
    if not place.is_file():
        raise ModelError(f"{told} is not there; write what the model answers on rows that it was not fitted on")
    try:
        table = pq.read_table(place)
    except Exception as error:
        raise ModelError(f"{told} cannot be read: {one_line(error)}") from None
    for name in answer_columns(work.monitor):
        if name not in table.column_names:
            raise ModelError(f"{told} has no column {name!r}; write the answers under the names of the log")
        if table[name].null_count == len(table):
            raise ModelError(f"{told} has no answer in {name!r}; a model that answers nulls is of no use")
    return [name for name in table.column_names if name in set(pq.read_schema(rows.path).names)]


def _without_private(work: Retraining, reference: Path) -> None:
    """Leave private columns out of the reference that is kept."""
    if private := [name for name in work.monitor.private if name in pq.read_schema(reference).names]:
        pq.write_table(pq.read_table(reference).drop_columns(private), reference)


train_task = task(name="train", cache_policy=NO_CACHE)(train)
