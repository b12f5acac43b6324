"""The contract of a trainer: what a function that `retrain.trainer` names is given, and what it gives back.

A trainer is a file of the project's with two functions, called `predict` and whatever `retrain.trainer` says. Both run
in a process of their own, with a limit of time and of memory, and may import what lies beside the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

REFERENCE = "reference.parquet"
"""The file of a model's folder that holds what the model answered on rows that it was not fitted on."""

WINDOW = "__window__"
"""The column that names the window of each row: rows of one window resemble each other; folds keep them together."""


class Trainer(Protocol):
    """Fits a model on the labelled past and leaves it in a folder.

    Examples
    --------
    A trainer of the majority class, with what it answers on rows that it was not fitted on:

    >>> def train(rows, folder, version):
    ...     majority = int(rows["truth"].mean() > 0.5)
    ...     (folder / "model.json").write_text(f'{{"class": {majority}}}')
    ...     rows.assign(answer=majority, version=version).to_parquet(folder / "reference.parquet")
    ...     return {"accuracy": float((rows["truth"] == majority).mean())}
    """

    def __call__(
        self, rows: pd.DataFrame, folder: Path, version: str, previous: Path | None = None
    ) -> Mapping[str, float]:
        """Fit a model.

        Parameters
        ----------
        rows : DataFrame of shape (n_rows, n_columns)
            The predictions of the window, in order of time: ids, time, features, segments and what was answered then,
            under the names of the log; the truth under the name of `labels.target`, null where it never came; and the
            label of each row's window as `__window__`. Windows whose data were broken are left out. Of a detector there
            are the path of each image, and the boxes, classes and scores of the log beside those of the labels. Where
            the monitor names a column of the log as it names one of the labels, the truth has ``true_`` before its
            name: beside the answers in `boxes` and `classes` stand `true_boxes` and `true_classes`.
        folder : Path
            Empty; receives the model's files, and `reference.parquet`: the columns of ``rows`` with the answers that
            the model gives on rows that it was not fitted on (out of fold, by window), and ``version`` as the version.
            The truth is one of these columns: the quality that checks compare with is measured on it.
        version : str
            Name of the new version.
        previous : Path, optional
            Folder of the champion, for a learner that continues from it; passed where the function has a parameter
            of this name.

        Returns
        -------
        mapping of str to float
            Metrics, for people; kept with the version.
        """


class Predictor(Protocol):
    """Answers rows by a model that a trainer left in a folder."""

    def __call__(self, folder: Path, rows: pd.DataFrame) -> pd.DataFrame:
        """Answer rows.

        Parameters
        ----------
        folder : Path
        rows : DataFrame of shape (n_rows, n_columns)
            As a trainer gets them, without the truth and without what was answered.

        Returns
        -------
        DataFrame of shape (n_rows, n_answers)
            The columns of the prediction and of the scores, under the names of the log, in the order of ``rows``.
        """
