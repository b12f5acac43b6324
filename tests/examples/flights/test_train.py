"""Trainers answer honestly: their reference was predicted by models that had not seen the day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import f1_score, mean_absolute_error, roc_auc_score

from examples.flights.features import FEATURES
from examples.flights.model import Model
from examples.flights.rows import local_day, predicted
from examples.flights.train import train, train_delay


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return predicted(dt.date(2013, 1, 14), dt.date(2013, 2, 3))


@pytest.fixture(scope="module")
def late(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    folder = tmp_path_factory.mktemp("late")
    return folder, train(rows, folder, "v1")


@pytest.mark.long
def test_the_reference_is_out_of_fold(late: tuple[Path, dict[str, float]]) -> None:
    folder, metrics = late
    reference = pd.read_parquet(folder / "reference.parquet").dropna(subset="was_late")
    assert roc_auc_score(reference["was_late"], reference["probability_late"]) == pytest.approx(metrics["roc_auc"])
    assert 0.6 < metrics["roc_auc"] < in_sample(folder, reference, "was_late", "probability_late") - 0.05


def in_sample(folder: Path, rows: pd.DataFrame, target: str, answer: str) -> float:
    """What a model that has seen the rows makes of them: ROC-AUC of the classifier, mean absolute error in minutes."""
    measure = roc_auc_score if target == "was_late" else mean_absolute_error
    return float(measure(rows[target], Model.load(folder).answer(rows)[answer]))


def test_the_reference_has_the_columns_of_the_log_and_the_truth(
    late: tuple[Path, dict[str, float]], rows: pd.DataFrame
) -> None:
    reference = pq.read_table(late[0] / "reference.parquet")
    answered = ["model_version", "late", "probability_late"]
    assert reference.column_names == ["request_id", "predicted_at", *answered, *FEATURES, "was_late"]
    assert reference["was_late"].null_count == rows["was_late"].isna().sum() > 0
    assert reference["request_id"].to_pylist() == rows["request_id"].tolist()
    assert set(reference["model_version"].to_pylist()) == {"v1"}


@pytest.mark.long
def test_what_only_the_day_tells_is_not_known(rows: pd.DataFrame, tmp_path: Path) -> None:
    days = local_day(rows["predicted_at"])
    coin = dict(zip(days.unique(), np.random.default_rng(0).permutation([0, 1] * 11)[:21], strict=True))
    tossed = rows.assign(was_late=days.map(coin).astype("Int64"))
    metrics = train(tossed, tmp_path, "coin")
    assert in_sample(tmp_path, tossed, "was_late", "probability_late") > 0.99
    assert metrics["roc_auc"] < 0.75  # folds that split a day score 0.99


def test_the_threshold_has_the_best_f1(late: tuple[Path, dict[str, float]]) -> None:
    folder, metrics = late
    reference = pd.read_parquet(folder / "reference.parquet").dropna(subset="was_late")
    truth, score = reference["was_late"].astype(int), reference["probability_late"]
    assert f1_score(truth, reference["late"]) == pytest.approx(metrics["f1"])
    assert ((score >= metrics["threshold"]) == reference["late"]).all()
    assert max(f1_score(truth, score >= threshold) for threshold in np.linspace(0.05, 0.6, 56)) <= metrics["f1"]


@pytest.mark.long
def test_training_again_gives_the_same_bytes(
    late: tuple[Path, dict[str, float]], rows: pd.DataFrame, tmp_path: Path
) -> None:
    assert train(rows, tmp_path, "v1") == late[1]
    for file in ("reference.parquet", "model.json", "estimator.joblib"):
        assert (tmp_path / file).read_bytes() == (late[0] / file).read_bytes()


def test_an_unseen_destination_is_answered(late: tuple[Path, dict[str, float]], rows: pd.DataFrame) -> None:
    elsewhere = rows.head(3).assign(dest="HNL", carrier="ZZ", temp=np.nan)
    assert Model.load(late[0]).answer(elsewhere)["probability_late"].between(0, 1).all()


@pytest.mark.long
def test_the_delay_is_predicted_without_bias(rows: pd.DataFrame, tmp_path: Path) -> None:
    metrics = train_delay(rows, tmp_path, "v1")
    reference = pd.read_parquet(tmp_path / "reference.parquet")
    expected = ["request_id", "predicted_at", "model_version", "minutes", *FEATURES, "arrival_delay"]
    assert list(reference) == expected

    landed = reference.dropna(subset="arrival_delay")
    assert mean_absolute_error(landed["arrival_delay"], landed["minutes"]) == pytest.approx(metrics["mae"])
    assert metrics["mae"] > in_sample(tmp_path, landed, "arrival_delay", "minutes") + 0.5
    assert abs(metrics["bias"]) < 2
    assert metrics["r2"] > 0
