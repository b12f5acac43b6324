"""Evidently's quality presets over the labelled rows, as far as the labels go."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from lamplighter.core.drift.columns import Undecided, encode, numbers
from lamplighter.core.drift.display import names

if TYPE_CHECKING:
    from evidently.core.serialization import SnapshotModel

TARGET, PREDICTION, SCORE = "target", "prediction", "score"
"""Columns of the frames that Evidently is given."""

CUT = 0.5
"""Evidently cuts a score here, whatever the service did."""

Sides = tuple[pd.DataFrame, pd.DataFrame]
"""The labelled rows of the reference, maybe none, and of the current window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a model answers and where: the columns of its truth, its answer and its score.

    Attributes
    ----------
    kind : {"classification", "regression"}
        What is answered: one of some classes, or a number.
    target, prediction : str
        Columns of the truth and of the answer.
    score : str, optional
        Column of the probability of the positive class.
    positive : object, optional
        The positive one of two classes; the last in the alphabet unless given.
    """

    kind: Literal["classification", "regression"]
    target: str
    prediction: str
    score: str | None = None
    positive: object = None


def quality_section(
    reference: pd.DataFrame, current: pd.DataFrame, outcome: Outcome, private: Collection[str] = frozenset()
) -> SnapshotModel:
    """The widgets and metrics of `ClassificationPreset` or `RegressionPreset`.

    Without the reference, where that has too few labels to be compared with.

    Raises
    ------
    Undecided
        If there can be no such preset for the current window; the text says why.
    """
    wanted = {outcome.target, outcome.prediction}
    if hidden := sorted(wanted & set(private)):
        raise Undecided(f"'{hidden[0]}' is private")
    if outcome.score in private:
        outcome = replace(outcome, score=None)
    if missing := sorted(wanted - set(current)):
        raise Undecided(f"no column '{missing[0]}' in the current window")
    if not wanted <= set(reference):
        reference = current.iloc[:0]
    ours, theirs = PREPARED[outcome.kind](reference, current, outcome)
    failure = ""
    for compared in [ours, None] if len(ours) else [None]:
        try:
            return _run(compared, theirs, outcome)
        except Exception as error:
            # Evidently refuses a class that one side lacks, and more, by whatever exception comes up.
            failure = type(error).__name__
    raise Undecided(f"Evidently could not compute it ({failure})")


def _classes(reference: pd.DataFrame, current: pd.DataFrame, outcome: Outcome) -> Sides:
    """Labelled rows with truth and answer as texts, and with the score where that is a column of numbers."""
    frames = (reference, current)
    columns = [frame[column] for frame in frames for column in (outcome.target, outcome.prediction)]
    coded = encode(*columns)
    text = np.array([*names(coded.values), None], dtype=object)
    sides = []
    for frame, target, prediction in zip(frames, coded.codes[::2], coded.codes[1::2], strict=True):
        side = pd.DataFrame({TARGET: text[target], PREDICTION: text[prediction]})
        with suppress(KeyError, Undecided):
            side[SCORE] = numbers(frame[outcome.score]).to_numpy(dtype="float64")
        sides.append(side.dropna(subset=[TARGET, PREDICTION]).reset_index(drop=True))
    ours, theirs = sides
    if theirs.empty:
        raise Undecided("no labelled rows in the current window")
    if len(_seen(theirs)) < 2:
        raise Undecided("only one class among the labelled rows of the current window")
    return ours, theirs


def _amounts(reference: pd.DataFrame, current: pd.DataFrame, outcome: Outcome) -> Sides:
    """Labelled rows with truth and answer as finite numbers."""
    ours, theirs = (
        pd.DataFrame(
            {
                TARGET: numbers(frame[outcome.target]).astype("float64"),
                PREDICTION: numbers(frame[outcome.prediction]).astype("float64"),
            }
        )
        .replace([-np.inf, np.inf], np.nan)
        .dropna()
        .reset_index(drop=True)
        for frame in (reference, current)
    )
    if theirs.empty:
        raise Undecided("no labelled rows in the current window")
    return ours, theirs


PREPARED = {"classification": _classes, "regression": _amounts}
"""By kind: the rows that Evidently is given."""


def _run(reference: pd.DataFrame | None, current: pd.DataFrame, outcome: Outcome) -> SnapshotModel:
    """Evidently's preset over prepared rows."""
    from evidently import Dataset, Report
    from evidently.presets import ClassificationPreset, RegressionPreset

    preset = {"classification": ClassificationPreset, "regression": RegressionPreset}[outcome.kind]
    sides = [current] if reference is None else [current, reference]
    definition = _definition(sides, outcome)
    run = Report([preset()]).run(*(Dataset.from_pandas(side, data_definition=definition) for side in sides))
    model: SnapshotModel = run.to_snapshot_model()
    return model


def _definition(sides: list[pd.DataFrame], outcome: Outcome) -> Any:
    """Which column is what; whether there are two classes or more is for the rows to say."""
    from evidently import BinaryClassification, DataDefinition, MulticlassClassification, Regression

    if outcome.kind == "regression":
        return DataDefinition(
            numerical_columns=[TARGET, PREDICTION], regression=[Regression(target=TARGET, prediction=PREDICTION)]
        )
    classes = sorted(set().union(*map(_seen, sides)))
    task: Any = MulticlassClassification(target=TARGET, prediction_labels=PREDICTION)
    if len(classes) == 2:
        given = names([outcome.positive])[0]
        positive = given if given in classes else classes[-1]
        score = SCORE if all(_reproduces(side, positive) for side in sides) else None
        task = BinaryClassification(
            target=TARGET, prediction_labels=PREDICTION, prediction_probas=score, pos_label=positive
        )
    return DataDefinition(categorical_columns=[TARGET, PREDICTION], classification=[task])


def _seen(side: pd.DataFrame) -> set[str]:
    """The classes that were true or answered."""
    return set(side[TARGET]) | set(side[PREDICTION])


def _reproduces(side: pd.DataFrame, positive: str) -> bool:
    """Whether Evidently, given the score, counts the answers that were served.

    Given a score it looks at nothing else, so accuracy and the rest would be those of another cut, and not the ones
    in the history. It also needs both classes among the truth.
    """
    if SCORE not in side or side[SCORE].isna().any() or side[TARGET].nunique() < 2:
        return False
    return bool(((side[SCORE] >= CUT) == (side[PREDICTION] == positive)).all())
