"""The demo of the whole year: April to December, and one model kept in four ways."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from examples.flights.beside import Span
from examples.flights.contest import FIRST as CONTEST_FIRST
from examples.flights.contest import Result, loop, other_ways
from examples.flights.demo import Played, prepared
from examples.flights.lanes import DELAY, INPUTS, LATE, SQL, back_fill, days_between, run_as_flows, windows_run
from examples.flights.model import Models
from examples.flights.replay import LOOP, Service, run_loop, trainings
from examples.flights.serve import write_year
from examples.flights.server import Server
from examples.flights.sql import to_sqlite
from examples.flights.steps import Steps
from examples.flights.train import train_champions
from storage.project.folder import Project

LAST = date(2013, 12, 31)
SQL_MONTH = "2013-06"
FLOW_DAYS = 7


@contextmanager
def play_year(folder: Path, first: date, last: date, steps: Steps) -> Iterator[Played]:
    """Train, serve, and evaluate every day; the last week as flow runs of `monitor`, the others by `backfill`.

    One model is kept as it is; the same one is kept by the closed loop beside it, and in two more ways outside of any
    monitor. Parameters as of `examples.flights.demo.play`.
    """
    project = prepared(folder)
    with steps.step("train the champions on January to March"):
        models = _champions(folder / "data")
    with steps.step(f"serve and log the flights of {first} to {last}"):
        write_year(folder / "data", models, start=first, end=last)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:
        others = beside.submit(other_ways, folder / "data", last) if last >= CONTEST_FIRST else None
        if others:
            steps.follow("keep the model in other ways, in a second process", others, None)
        server = Server(folder / "prefect")
        try:
            with server.directed() as url:
                _evaluate(project, Span.of(first, last, FLOW_DAYS), steps, beside, url)
            results: dict[str, Result] = {}
            if others:
                kept = loop(folder / "data", len(trainings(project)), last)
                results = {**others.result(), "loop": kept}
            yield Played(project, results, server)
        finally:
            server.stop()


def _evaluate(project: Project, span: Span, steps: Steps, beside: Executor, url: str) -> None:
    """Every day of every model, some in a process beside this one."""
    folder, service = project.root, Service(project, span.last)
    days = len(days_between(span.first, span.eve))
    if days:
        others = beside.submit(_back_fill, folder, url, [DELAY, INPUTS], span.first, span.eve, 0)
        steps.follow(f"evaluate {DELAY} and {INPUTS}", others, 2 * days, lambda: windows_run(project, [DELAY, INPUTS]))
        with steps.step(f"evaluate {LOOP} and retrain it when its checks call for it", days) as step:
            run_loop(service, span.first, span.eve, steps.say, each=lambda run: step.advance(run.window.label))
        with steps.watched(f"back-fill {LATE}", days, lambda: windows_run(project, [LATE])):
            back_fill(project, [LATE], span.first, span.eve)
        others.result()
    else:
        service.begin(span.first)
    sql_days = [day for day in days_between(span.first, span.last) if f"{day:%Y-%m}" == SQL_MONTH]
    from_sql = beside.submit(_back_fill_sql, folder, url, sql_days) if sql_days else None
    if from_sql:
        steps.follow(f"the same model out of a database, {SQL_MONTH}", from_sql, len(sql_days))
    flow_days = days_between(span.split, span.last)
    with steps.step(f"{span.split} to {span.last} as flow runs", 4 * len(flow_days)) as step:
        for day in flow_days:
            run_as_flows(project, (LATE, DELAY, INPUTS, LOOP), [day], lambda day, model: step.advance(f"{day} {model}"))
            service.follow(day + timedelta(days=1))
    if from_sql:
        from_sql.result()


def _back_fill(folder: Path, url: str, models: list[str], first: date, last: date, reports: int) -> None:
    """Back-fill some models as a flow run of another process."""
    logging.getLogger("prefect").setLevel(logging.WARNING)
    with temporary_settings({PREFECT_API_URL: url, PREFECT_HOME: folder / "prefect"}):
        back_fill(Project.open(folder), models, first, last, reports)


def _back_fill_sql(folder: Path, url: str, days: list[date]) -> None:
    """Put a month into a database, and back-fill it out of that."""
    os.environ["FLIGHTS_DATABASE"] = str(folder / "data" / "flights.db")
    to_sqlite(folder / "data", f"sqlite:///{os.environ['FLIGHTS_DATABASE']}", SQL_MONTH)
    _back_fill(folder, url, [SQL], days[0], days[-1], 1)


def _champions(folder: Path) -> Models:
    """The champions; trained once, so that playing again changes nothing."""
    if (folder / "models" / "delay" / "reference.parquet").exists():
        return Models.load(folder / "models")
    return train_champions(folder / "models")
