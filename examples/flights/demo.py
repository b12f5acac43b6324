"""The demo: 2013 again, night by night, for the flights from New York."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from examples.flights.contest import FIRST as CONTEST_FIRST
from examples.flights.contest import Result, loop, other_ways
from examples.flights.model import Models
from examples.flights.replay import LOOP, Service, trainings, walk_loop
from examples.flights.serve import write_year
from examples.flights.server import prefect_server
from examples.flights.sql import to_sqlite
from examples.flights.summary import HEADINGS, months
from examples.flights.train import train_champions
from flows.backfill import backfill
from flows.monitor import monitor
from lamplighter.core.window import Window
from storage.history import open_history
from storage.project import Project

MONITORS = Path(__file__).parent / "monitors"
LATE, DELAY, INPUTS, SQL = "flight-delays", "flight-minutes", "flight-inputs", "flight-delays-sql"
FIRST, LAST = date(2013, 4, 1), date(2013, 12, 31)
SQL_MONTH = "2013-06"
FLOW_NIGHTS = 7

Tell = Callable[[str], None]


def play(folder: Path, first: date, last: date, tell: Tell) -> tuple[Project, dict[str, Result]]:
    """Train, serve, and walk every night; the last week as flow runs of `monitor`, the others by `backfill`.

    One model is kept as it is; the same one is walked by the closed loop beside it.

    Parameters
    ----------
    folder : Path
        Becomes a project folder like any other.
    first, last : date
        Days in New York.
    tell : callable
        Gets a line for each step.

    Returns
    -------
    project : Project
    results : dict of str to Result
        How each way to keep the model did; empty before May.
    """
    with _step("train the champions on January to March", tell):
        models = _champions(folder / "data")
    with _step(f"serve and log the flights of {first} to {last}", tell):
        write_year(folder / "data", models, start=first, end=last)
    shutil.copytree(MONITORS, folder / "monitors", dirs_exist_ok=True)
    shutil.copy(MONITORS.parent / "trainer.py", folder / "trainer.py")
    project = Project.open(folder)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:
        others = beside.submit(other_ways, folder / "data", last) if last >= CONTEST_FIRST else None
        with prefect_server(folder / "prefect") as url:
            tell(f"Prefect server at {url}, until the demo ends")
            _walk(project, first, last, tell, beside, url)
        if others is None:
            return project, {}
        return project, {**others.result(), "loop": loop(folder / "data", len(trainings(project)), last)}


def _walk(project: Project, first: date, last: date, tell: Tell, beside: Executor, url: str) -> None:
    """Every night of every model, some in a process beside this one."""
    folder, service = project.root, Service(project, last)
    split = max(first, last - timedelta(days=FLOW_NIGHTS - 1))
    eve = split - timedelta(days=1)
    if split > first:
        others = beside.submit(_backfill, folder, url, [DELAY, INPUTS], first, eve, 0)
        with _step(f"walk the closed loop from {first} to {eve}", tell):
            walk_loop(service, first, eve, tell)
        with _step(f"back-fill {first} to {eve}, a flow run here and one beside", tell):
            _completed(backfill([LATE], first, eve, 0, 1, str(folder), return_state=True))
            others.result()
    else:
        service.begin(first)
    sql_days = [day for day in _days(first, last) if f"{day:%Y-%m}" == SQL_MONTH]
    from_sql = beside.submit(_backfill_sql, folder, url, sql_days) if sql_days else None
    with _step(f"run the nights of {split} to {last} as flow runs", tell):
        for day in _days(split, last):
            for model in (LATE, DELAY, INPUTS, LOOP):
                _completed(monitor(model, day, _on_time(project, model, day), str(folder), return_state=True))
            service.follow(day + timedelta(days=1))
    if from_sql:
        with _step(f"the same model out of a database, {SQL_MONTH}", tell):
            from_sql.result()


def _backfill(folder: Path, url: str, models: list[str], first: date, last: date, reports: int) -> None:
    """Back-fill some models as a flow run of another process."""
    logging.getLogger("prefect").setLevel(logging.WARNING)
    with temporary_settings({PREFECT_API_URL: url, PREFECT_HOME: folder / "prefect"}):
        _completed(backfill(models, first, last, reports, 1, str(folder), return_state=True))


def _backfill_sql(folder: Path, url: str, days: list[date]) -> None:
    """Put a month into a database, and back-fill it out of that."""
    os.environ["FLIGHTS_DATABASE"] = str(folder / "data" / "flights.db")
    to_sqlite(folder / "data", f"sqlite:///{os.environ['FLIGHTS_DATABASE']}", SQL_MONTH)
    _backfill(folder, url, [SQL], days[0], days[-1], 1)


def table(project: Project) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The headings and rows of the table of months."""
    return HEADINGS, months(open_history(project), LATE, DELAY)


def _champions(folder: Path) -> Models:
    """The champions; trained once, so that playing again changes nothing."""
    if (folder / "models" / "delay" / "reference.parquet").exists():
        return Models.load(folder / "models")
    return train_champions(folder / "models")


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def _on_time(project: Project, model: str, day: date) -> datetime:
    """When the night of a day was scheduled."""
    declared = project.monitor(model)
    return declared.night_after(Window.of(model, declared.every, declared.timezone, day))


def _completed(state: object) -> None:
    """Raise what a flow run died of."""
    state.result()  # type: ignore[attr-defined]


@contextmanager
def _step(name: str, tell: Tell) -> Iterator[None]:
    begun = time.perf_counter()
    tell(f"{name} ...")
    yield
    tell(f"{name}: {time.perf_counter() - begun:.0f} s")
