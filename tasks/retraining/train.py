"""Train: the labelled past goes to the user's trainer, and what comes back is registered as a version."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamplighter.core.retraining.policy import Status
from lamplighter.core.time.window import Window
from lamplighter.errors import ModelError
from lamplighter.training import REFERENCE
from storage.history.retrainings import advance
from storage.labelling.training_set import write_labelled
from storage.project.user_code import text_of
from storage.registry.reference import kept_reference
from storage.registry.versions import Version, checksum_of
from tasks.retraining.job import Retraining
from tasks.retraining.windows import comparison_windows, training_windows


@dataclass(frozen=True)
class Fitted:
    """What a trainer made.

    Attributes
    ----------
    windows : list of Window
        Those that it learned from: a window without rows is none of them.
    card : dict
        Features, metrics, rows and the fingerprint of the trainer's code.
    """

    windows: list[Window]
    card: dict[str, Any]


def train(work: Retraining) -> Retraining:
    """Train and register a challenger; of one that is registered already, as on probation, nothing is done again.

    Raises
    ------
    ModelError
        If there is nothing to learn from, or the trainer fails or leaves half a model.
    """
    if work.entry.version:
        return work
    version, champion = work.new_version, work.champion()
    if work.registry.find(version):
        raise ModelError(
            f"version {version} is registered already", where=work.monitor.model, fix="a version never changes"
        )
    changed = work.with_entry(status=Status.TRAINED, version=version, champion=champion.version if champion else "")
    with work.registry.scratch(version) as made:
        fitted = fit(work, made, version)
        span, checksum = (fitted.windows[0].start, fitted.windows[-1].end), checksum_of(made)
        registered = Version(work.monitor.model, version, work.entry.known_on, *span, checksum, fitted.card)
        with work.history.writing() as connection:
            work.registry.register(connection, made, registered)
            advance(connection, work.recorded, changed.entry)
    return changed.as_saved()


def fit(work: Retraining, made: Path, version: str) -> Fitted:
    """Have the trainer fit a model into a folder; nothing is registered.

    Parameters
    ----------
    made : Path
        An empty folder.
    version : str
        What the trainer is to call its model.

    Raises
    ------
    ModelError
        If there is nothing to learn from, or the trainer fails or leaves half a model.
    """
    # A training that nothing could be compared with afterwards is not begun.
    comparison_windows(work)
    windows, champion = training_windows(work), work.champion()
    progress = work.counting("reading the labelled past", len(windows))
    path, spool = work.scratch / "train.parquet", work.scratch / "spool"
    rows = write_labelled(work.project, work.monitor, windows, path, spool, work.scans, progress)
    previous = work.working_copy(champion.version) if champion else None
    work.begin(f"training on {rows.rows:,} rows, for {work.retrain.time_limit.total_seconds() / 60:g} min at most")
    metrics = work.trainer.train(rows.path, made, version, previous)
    if not (made / REFERENCE).is_file():
        raise ModelError(
            f"{REFERENCE} is not there",
            where=work.retrain.trainer or "",
            fix="write what the model answers on rows that it was not fitted on",
        )
    features = kept_reference(work.monitor, made / REFERENCE, work.retrain.trainer or "", rows.kinds())
    card = {
        "features": features,
        "metrics": metrics,
        "rows": rows.rows,
        "labelled": rows.labelled,
        "trainer": work.retrain.trainer,
        "code": hashlib.sha256(text_of(work.project, work.retrain.trainer or "").encode()).hexdigest(),
    }
    return Fitted(rows.windows, card)
