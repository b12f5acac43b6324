"""A learner that goes on learning, as the trainer of a monitor: it begins where the champion is."""

from __future__ import annotations

import datetime as dt
import shutil

import pandas as pd
import pytest
from click.testing import CliRunner

from examples.flights.adaptive import predict
from lamplighter.cli import cli
from lamplighter.core.retraining.policy import Status
from storage.history import open_history
from storage.history.promotions import champion
from storage.history.retrainings import entries
from storage.project.folder import Project
from storage.registry.versions import Registry
from tests.examples.flights.june import EVE, FLIGHTS, run_window


def retrained(project: Project, context: dt.date) -> str:
    """Retrain by hand, and return the new version."""
    result = CliRunner().invoke(cli, ["-C", str(project.root), "retrain", "flight-loop", "--now", f"{context}T09:00"])
    assert result.exit_code == 0, result.output
    newest = entries(open_history(project), "flight-loop")[-1]
    assert newest.status is Status.PROMOTED, newest.reason
    return newest.version


@pytest.mark.long
def test_it_goes_on_from_the_champion(june: Project) -> None:
    shutil.copy(FLIGHTS / "adaptive.py", june.root / "adaptive.py")
    path = june.root / "monitors" / "flight-loop.yaml"
    # The learner takes rows one by one: four days are enough to begin with.
    text = path.read_text().replace("trainer.py:train", "adaptive.py:train").replace("window: 365d", "window: 4d")
    path.write_text(text[: text.index("  accept:")] + "  accept: {metric: roc_auc, gain: -1, floor: 1, days: 2d}\n")
    registry = Registry(june.home, open_history(june), "flight-loop")

    first = retrained(june, EVE + dt.timedelta(days=1))
    run_window(june, EVE + dt.timedelta(days=1), EVE + dt.timedelta(days=2))
    second = retrained(june, EVE + dt.timedelta(days=3))
    assert champion(open_history(june), "flight-loop").version == second

    cards = [registry.find(version) for version in (first, second)]
    assert cards[1].trained_until == cards[0].trained_until + dt.timedelta(days=2)
    references = [pd.read_parquet(registry.verified(version) / "reference.parquet") for version in (first, second)]
    assert references[1]["predicted_at"].min() > references[0]["predicted_at"].max()
    assert cards[1].card["metrics"]["rows"] == len(references[1]) < len(references[0])

    rows = references[1].drop(columns=["late", "probability_late"])
    scores = [predict(registry.verified(version), rows)["probability_late"] for version in (first, second)]
    assert (scores[0] - scores[1]).abs().max() > 0.001
