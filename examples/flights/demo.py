"""The demo: the spring of 2013 again, day by day, for the flights from New York."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

from examples.flights.beside import Span, evaluate_beside, prepare_delay
from examples.flights.contest import Result, logged
from examples.flights.lanes import DELAY, INPUTS, LATE, SQL, days_between, run_as_flows, windows_run
from examples.flights.model import Model
from examples.flights.replay import LOG, LOOP, TRAINED, Service, run_loop, trainings
from examples.flights.rows import predicted
from examples.flights.serve import predict_late, write_labels
from examples.flights.server import Server
from examples.flights.steps import Step, Steps
from examples.flights.train import VERSION, train
from flows.run_windows import WindowRun
from storage.history.query import Filter, measurement_of
from storage.project.folder import Project

FLIGHTS = Path(__file__).parent
FIRST, LAST = date(2013, 4, 1), date(2013, 6, 9)
"""Ten weeks: long enough for a retraining that is rejected, one that is promoted, and what it gains after."""

FLOW_DAYS = 2
"""The last days, whose runs are flow runs one by one, as on a schedule: enough for a list to look at."""


@dataclass(frozen=True)
class Played:
    """What a demo leaves: the project, how each way to keep the model did, and its server."""

    project: Project
    results: dict[str, Result]
    server: Server


@contextmanager
def play(folder: Path, first: date, last: date, steps: Steps) -> Iterator[Played]:
    """Train, serve, and evaluate every day of a season.

    Two processes share the work: this one evaluates the model that is kept by the closed loop, the other the
    regression, and for shorter spans the same model as it was, without labels, and out of a database. The server of
    the flow runs lives as long as the block.

    Parameters
    ----------
    folder : Path
        Becomes a project folder like any other.
    first, last : date
        Days in New York.
    steps : Steps
    """
    project = prepared(folder)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:
        delay = beside.submit(prepare_delay, folder / "data", first, last)
        steps.follow(f"train and serve {DELAY}, in a second process", delay, None)
        _train_and_serve(folder / "data", first, last, steps)
        server = Server(folder / "prefect")
        try:
            _evaluate(project, server, Span.of(first, last, FLOW_DAYS), beside, steps)
            yield Played(project, _results(folder / "data", project, last), server)
        finally:
            server.stop()


def prepared(folder: Path, models: str = "*") -> Project:
    """A project folder with the monitors of the flights, their trainer, and what the monitors' variables stand for.

    Parameters
    ----------
    folder : Path
    models : str
        A glob of the models whose monitors it has.
    """
    (folder / "monitors").mkdir(parents=True, exist_ok=True)
    for wanted in ("_*.yaml", f"{models}.yaml", "*.schema.json"):
        for path in (FLIGHTS / "monitors").glob(wanted):
            shutil.copy(path, folder / "monitors")
    shutil.copy(FLIGHTS / "trainer.py", folder / "trainer.py")
    (folder / ".env").write_text("FLIGHTS_DATABASE=data/flights.db\n", encoding="utf-8")
    (folder / ".env").chmod(0o600)
    return Project.open(folder)


def _train_and_serve(data: Path, first: date, last: date, steps: Steps) -> None:
    """The classifier: trained once, so that playing again changes nothing."""
    place = data / "models" / "late"
    if not (place / "reference.parquet").exists():
        with steps.step(f"train {LATE} on January to March"):
            found = train(predicted(*TRAINED), place, VERSION)
        steps.say(
            f"{LATE}: trained on {found['rows']:,.0f} flights; on days that it was not fitted on "
            f"ROC-AUC {found['roc_auc']:.3f}, F1 {found['f1']:.3f}"
        )
    with steps.step(f"serve {LATE} from {first} to {last}, and let the labels arrive", 2) as step:
        predict_late(first, last, Model.load(place), data, "late")
        step.advance()
        write_labels(first, last, data)


def _evaluate(project: Project, server: Server, span: Span, beside: Executor, steps: Steps) -> None:
    """Every day of every model: two lanes side by side."""
    others = beside.submit(evaluate_beside, project.root, server.url, span)
    models = [LATE, DELAY, INPUTS, SQL]
    name = f"evaluate {', '.join(models)}"
    steps.follow(name, others, span.days_beside, lambda: windows_run(project, models))
    service = Service(project, span.last)
    with steps.step(
        f"evaluate {LOOP} and retrain it when its checks call for it", len(days_between(span.first, span.last))
    ) as step:
        # With no day to back-fill it has the service begin all the same.
        run_loop(service, span.first, span.eve, steps.say, each=lambda run: _shown(run, step, steps))
        with server.directed():
            for day in days_between(span.split, span.last):
                run_as_flows(project, [LOOP], [day])
                service.follow(day + timedelta(days=1))
                step.advance(f"{day} as a flow run")
    others.result()


def _shown(run: WindowRun, step: Step, steps: Steps) -> None:
    """Show a day in the bar; the first one in a line of its own, as it is the first result."""
    assert run.outcome is not None
    context = run.outcome.context
    if step.done == 0:
        found = {
            metric: measurement_of(
                context.history, context.window, Filter(metric=metric, as_of=context.known_on, segment="")
            )
            for metric in ("rows", "drift_share")
        }
        rows, drifted = (it.value or 0 if it else 0 for it in found.values())
        steps.say(f"{LOOP} {context.window.label}: {rows:,.0f} predictions, {drifted:.0%} of the features drifted")
    failed = ", ".join(decision.check.name for decision in run.outcome.failed_checks)
    step.advance(f"{context.window.label} {failed and f'{failed} fails'}".rstrip())


def _results(data: Path, project: Project, last: date) -> dict[str, Result]:
    """The model as it was beside the one that the loop kept; empty before both differ, which is in May."""
    if last < date(2013, 5, 1):
        return {}
    return {
        "frozen": logged(data / "predictions" / "late", 0, last),
        "loop": logged(data / "predictions" / LOG, len(trainings(project)), last),
    }
