"""Looks at the history, and at what it names: its version, damages, runs, clock, champion, profiles, messages."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from lamplighter.core.monitor import Monitor
from lamplighter.core.retraining.pointer import POINTER
from lamplighter.core.time.window import Window, name_of
from lamplighter.errors import HistoryError, ModelError
from storage.history import History, tables
from storage.history.lock import is_held
from storage.history.outbox import waiting
from storage.history.promotions import champion
from storage.history.query import file_of
from storage.history.unchanged import damages, migrations_behind, tables_missing, unchanged_history
from storage.profiles.store import ProfileStore
from storage.registry.versions import Registry
from storage.upkeep.sizes import size_text, tree_size
from tasks.doctor.case import Case
from tasks.doctor.looked import Looked, fault, fault_of, ok, unused, warning
from tasks.doctor.of_sources import newest_window

REACH = "start the database, or set LAMPLIGHTER_HISTORY_URL"
CLOCKS_APART = timedelta(seconds=60)
"""Clocks that a time service keeps differ by less than a second; a log is read by the minute at best."""

LATE = timedelta(hours=6)
"""How long after its time a run may still be under way, or wait for others."""

MOST_WINDOWS = 400

ARROW = b"ARROW1"
"""What a file of Arrow begins and ends with."""

WHOLE = "whole"


def history(case: Case) -> Iterator[Looked]:
    """Whether it can be reached, is of this version, and can be written."""
    try:
        found = unchanged_history(case.project)
        behind = migrations_behind(found) if found else None
    except HistoryError as error:
        yield fault_of(error, REACH if file_of(case.project) is None else "restore a back-up, or move it away")
        return
    file = file_of(case.project)
    where = str(file) if file else _place(found)
    missing = tables_missing(found) if found and behind in (None, 0) else []
    if found is None and file and file.exists():
        yield fault("is no file", where=where, fix="move it away, or set LAMPLIGHTER_HISTORY_URL")
    elif found is None:
        yield unused(f"{where} is made by the first run")
    elif behind is None and len(missing) == len(tables.metadata.tables):
        yield unused(f"{where} has no tables yet; the first run makes them")
    elif behind is None:
        yield fault("has tables, and alembic_version says no version", where=where, fix="restore a back-up")
    elif missing:
        yield fault(f"lacks tables: {', '.join(missing)}", where=where, fix="restore a back-up")
    elif behind < 0:
        yield fault("was written by a newer Lamplighter", where=where, fix="install that one here")
    elif behind:
        what = f"is {behind} migration{'s' if behind > 1 else ''} behind"
        yield warning(what, where=where, fix="back it up (`lamplighter backup`); the next run migrates it")
    elif fix := _unwritable(case, found):
        yield fault("cannot be written", where=where, fix=fix)
    else:
        yield ok(f"{where} is of this version, {size_text(tree_size(file) if file else _size(found))}")


def _place(found: History | None) -> str:
    return found.engine.url.set(query={}).render_as_string(hide_password=True) if found else ""


def _size(found: History) -> int:
    """Bytes of the database that the history is in; 0 where that cannot be asked."""
    if found.engine.dialect.name != "postgresql":
        return 0
    with found.reading() as connection:
        return int(connection.scalar(sa.text("SELECT pg_database_size(current_database())")) or 0)


def _unwritable(case: Case, found: History) -> str:
    """How to make a history writable that is not; empty where it is."""
    if file := file_of(case.project):
        is_writable = os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)
        return "" if is_writable else "allow the user of the runs to write it and its folder"
    if found.engine.dialect.name != "postgresql":
        return ""
    with found.reading() as connection:
        if connection.scalar(sa.text("SHOW transaction_read_only")) == "on":
            return "it is a standby or read-only; name the primary as LAMPLIGHTER_HISTORY_URL"
        rights = sa.text("SELECT has_table_privilege('run', 'INSERT') AND has_table_privilege('run', 'UPDATE')")
        return "" if connection.scalar(rights) else "grant its user INSERT, UPDATE and DELETE on the tables"


def integrity(case: Case) -> Iterator[Looked]:
    """Whether the file of the history is damaged."""
    file = file_of(case.project)
    found = unchanged_history(case.project) if file else None
    if file is None or found is None:
        yield unused("only a SQLite file is looked at; PostgreSQL has pg_amcheck" if file is None else "no file yet")
    elif wrong := damages(found):
        yield fault(f"is damaged: {'; '.join(wrong)}", where=str(file), fix="restore a back-up (`lamplighter restore`)")
    else:
        yield ok("SQLite finds no damage")


def clock(case: Case) -> Iterator[Looked]:
    """Whether the clock of this machine agrees with the history's newest run, and with its server."""
    found = case.history
    if found is None:
        yield unused("there is no history to compare it with")
        return
    run = tables.run
    query = sa.select(run.c.model, sa.func.max(run.c.known_on), sa.func.max(run.c.started_at)).group_by(run.c.model)
    with found.reading() as connection:
        newest = [(model, max(known_on, started)) for model, known_on, started in connection.execute(query)]
        theirs = connection.scalar(sa.text("SELECT now()")) if found.engine.dialect.name == "postgresql" else None
    ahead = [(model, at) for model, at in newest if at > case.now + CLOCKS_APART and case.model in (None, model)]
    for model, at in ahead:
        what = f"a run of {model} is dated {at.isoformat(timespec='minutes')}, which is still to come"
        yield fault(what, where="history", fix=f"set the clock right, then `lamplighter prune {model}`")
    if theirs is not None:
        yield from compared(theirs, "the database")
    elif not ahead:
        yield ok("no run is of the future")


def compared(theirs: datetime, whose: str) -> Iterator[Looked]:
    """Hold the present against the clock of a server."""
    apart = datetime.now(UTC) - theirs
    if abs(apart) > CLOCKS_APART:
        word = "ahead of" if apart > timedelta() else "behind"
        seconds = abs(apart).total_seconds()
        yield fault(f"this machine is {seconds:.0f} s {word} {whose}", where="clock", fix="have both set by NTP")
    else:
        yield ok(f"agrees with {whose}")


def runs(case: Case, monitor: Monitor) -> Iterator[Looked]:
    """Whether the newest window that is due was run, and how its run ended."""
    due, run = _due(monitor, case.now), tables.run
    newest = None
    if case.history:
        of_model, by_window = run.c.model == monitor.model, (run.c.window_start.desc(), run.c.id.desc())
        query = sa.select(run).where(of_model, run.c.grain == monitor.every.value).order_by(*by_window).limit(1)
        begun = sa.select(run).where(of_model, run.c.status == "running").order_by(run.c.id.desc()).limit(1)
        with case.history.reading() as connection:
            newest, running = (connection.execute(it).mappings().first() for it in (query, begun))
        if running and (looked := _without_end(case, case.history, running)):
            yield looked
            return
    again = f"`lamplighter run {monitor.model}` shows it"
    if newest is None:
        yield _never_run(case, monitor, due)
    elif due is not None and newest["window_start"] < due.start:
        label = Window(monitor.model, monitor.every, newest["window_start"], due.end, monitor.timezone).label
        what = f"the newest run is of {label}, and {due.label} was due"
        later = f"`lamplighter backfill {monitor.model} --from {label} --to {due.label}`"
        yield fault(what, where="history", fix=f"start the worker or the timer, then {later}")
    elif newest["status"] in ("failed", "interrupted"):
        yield fault(f"the newest run {newest['status']}: {newest['message']}".rstrip(": "), where="history", fix=again)
    elif newest["status"] == "running":
        yield ok(f"a run is at work since {newest['started_at'].isoformat(timespec='minutes')}")
    else:
        yield ok(f"the newest run {newest['status']}")


def _without_end(case: Case, history: History, run: sa.RowMapping) -> Looked | None:
    """What is wrong with a run that the history has as running: its process is gone, or it takes very long."""
    model, zone = run["model"], ZoneInfo(run["timezone"])
    since = f"began at {run['started_at'].astimezone(zone).isoformat(timespec='minutes')}"
    label = name_of(run["window_start"], zone, run["grain"])
    if not is_held("run", model, history.engine, case.project.home / "locks"):
        with history.reading() as connection:
            status = connection.scalar(sa.select(tables.run.c.status).where(tables.run.c.id == run["id"]))
        if status != "running":
            return None  # It has ended since it was read.
        what = f"the run of {label} {since} and was killed: it has recorded no end, and none is at work"
        return fault(what, where="history", fix=f"`lamplighter run {model} --day {label}` does it again")
    if run["started_at"] <= case.now - LATE:
        return warning(
            f"the run of {label} {since} and is still at work", where="history", fix="look at what it waits for"
        )
    return None


def _never_run(case: Case, monitor: Monitor, due: Window | None) -> Looked:
    """How a model stands of which no run is recorded: a schedule that never works looks like one that is new."""
    window = newest_window(case, monitor, due.end) if due else None
    if window is None:
        return unused("no run is recorded yet, and none was due" if case.history else "nothing is recorded yet")
    at = monitor.run_after(window).astimezone(window.zone).isoformat(timespec="minutes")
    what = f"no run is recorded, and one was due at {at}: there are predictions of {window.label}"
    fix = f"start the worker or the timer; `lamplighter run {monitor.model}` shows whether a run works"
    return warning(what, where="history", fix=fix)


def _due(monitor: Monitor, now: datetime) -> Window | None:
    """The newest window whose run should have ended by now."""
    window = monitor.window(now)
    for _ in range(MOST_WINDOWS):
        if monitor.run_after(window) <= now - LATE:
            return window
        window = window.previous()
    return None


def registry(case: Case, monitor: Monitor) -> Iterator[Looked]:
    """Whether the champion's files are those that were registered, and the pointer names it."""
    present = champion(case.history, monitor.model) if case.history else None
    if present is None or case.history is None:
        yield unused("no version is champion")
        return
    store = Registry(case.project.home, case.history, monitor.model)
    try:
        store.verified(present.version)
    except ModelError as error:
        yield fault_of(error)
        return
    path = store.folder / POINTER
    try:
        named = json.loads(path.read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError, TypeError):
        named = ""
    if named != present.version:
        what = f"names {named or 'no version'}, and {present.version} is champion; services load the wrong one"
        yield fault(what, where=str(path), fix=f"`lamplighter run {monitor.model}` writes it anew")
    else:
        yield ok(f"{present.version} is champion, and its files are those that were registered")


def profiles(case: Case, monitor: Monitor) -> Iterator[Looked]:
    """Whether the profiles that the history names are there."""
    if case.history is None:
        yield unused("nothing is recorded yet")
        return
    table, store = tables.profile, ProfileStore(case.project.home)
    query = sa.select(table.c.content_hash).distinct().where(table.c.model == monitor.model)
    with case.history.reading() as connection:
        named = connection.scalars(query).all()
    by_state: dict[str, list[str]] = {}
    for name in named:
        by_state.setdefault(_state(store.path_of(name)), []).append(name)
    if len(by_state.get(WHOLE, [])) == len(named):
        yield ok(f"{len(named)} are there")
    for state, names in by_state.items():
        if state != WHOLE:
            yield warning(
                f"{len(names)} of {len(named)} profiles that the history names are {state}, such as {names[0]}.arrow",
                where=str(store.folder),
                fix="restore a back-up, or run their windows again",
            )


def _state(path: Path) -> str:
    """How a file of Arrow is; its end is written last, and `prune` may remove it at any moment."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - len(ARROW)))
            return WHOLE if file.read() == ARROW else "cut short"
    except FileNotFoundError:
        return "gone"
    except OSError:
        return "unreadable"


def messages(case: Case, monitor: Monitor) -> Iterator[Looked]:
    """Whether messages wait that no target took."""
    refused = [it for it in waiting(case.history, monitor.model) if it.attempts] if case.history else []
    if not refused:
        yield ok("none waits that was refused") if monitor.notify.to else unused("no URL is notified")
        return
    delivery = tables.delivery
    query = sa.select(delivery.c.error).where(delivery.c.model == monitor.model, delivery.c.error != "")
    assert case.history is not None
    with case.history.reading() as connection:
        said = connection.scalar(query.order_by(delivery.c.attempted_at.desc()).limit(1)) or "no reason is known"
    count = f"{len(refused)} message{'s wait' if len(refused) > 1 else ' waits'}"
    yield fault(
        f"{count} that no target took: {said}", where="notify", fix="mend the URL or its server; runs try again"
    )
