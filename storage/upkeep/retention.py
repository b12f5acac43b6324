"""What a home may do without: what killed runs left, old reports, old profiles, and old windows of the history.

Nothing goes that a run still reads. Rows go before the files that they name, so that one that is killed leaves files
that nothing names, which the next one finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from shutil import rmtree

import sqlalchemy as sa

from lamplighter.core.monitor import Monitor
from lamplighter.core.time.window import Grain, Window
from lamplighter.errors import HistoryError, one_line
from storage.history import History, model_lock, tables
from storage.history.incidents import incidents_open
from storage.history.outbox import KEY, WAITING, waiting
from storage.profiles.store import ProfileStore
from storage.project.folder import Project
from storage.project.private_files import matching
from storage.sinks.reports import report_path
from storage.upkeep.needed import needed_since
from storage.upkeep.sizes import is_unchanged_since, newest_change, tree_size, unchanged_since

OF_WINDOWS = ("measurement", "confusion", "evaluation", "finding", "run")
"""Tables whose rows go with their window, beside those of profiles."""

SETTLED = timedelta(days=1)
"""A file that was written within such a time may be one that a run is about to name."""


@dataclass(frozen=True)
class Expired:
    """What may go.

    Attributes
    ----------
    spool, reports, profiles, images : list of Path
        Folders and files; of images what was measured of them, by the day.
    rows : dict of str to dict of str to int
        Rows of the history, by model and table.
    before : dict of str to dict of str to datetime
        The windows whose rows go, by model and table: those that begin before.
    """

    spool: list[Path] = field(default_factory=list)
    reports: list[Path] = field(default_factory=list)
    profiles: list[Path] = field(default_factory=list)
    images: list[Path] = field(default_factory=list)
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    before: dict[str, dict[str, datetime]] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, list[Path]]:
        """The kinds of files of which there are some."""
        kinds = {"spool": self.spool, "reports": self.reports, "profiles": self.profiles, "images": self.images}
        return {name: paths for name, paths in kinds.items() if paths}

    def __bool__(self) -> bool:
        return bool(self.files or self.rows)


def expired(
    project: Project, history: History | None, monitors: Sequence[Monitor], now: datetime, *, only: str | None = None
) -> Expired:
    """What may go by the settings, of the home and of some models.

    Parameters
    ----------
    project : Project
    history : History or None
        None where there is none yet.
    monitors : sequence of Monitor
        The history of models without one stays.
    now : datetime
    only : str, optional
        The one model that is asked for. What is of others, or of none that is known, stays.

    Examples
    --------
    >>> bool(expired(project, history, [monitor], context.now))
    False
    """
    settings, home = project.settings, project.home
    spool = _older(home / "spool", now, settings.keep_spool_days or None) if only is None else []
    if history is None:
        return Expired(spool)
    before = {monitor.model: found for monitor in monitors if (found := _before(project, history, monitor, now))}
    rows = {model: counts for model, tables in before.items() if (counts := _counts(history, model, tables))}
    return Expired(
        spool,
        sorted(_reports(project, history, monitors, now, only)),
        sorted(_profiles(home, history, before, now, settings.keep_profiles_days, only)),
        sorted(path for monitor in monitors for path in _images(home, monitor, before.get(monitor.model, {}))),
        rows,
        before,
    )


def remove(project: Project, history: History | None, found: Expired) -> None:
    """Remove what may go, a model at a time, under the lock of its runs.

    Raises
    ------
    HistoryError
        If a file cannot be removed; what went before is gone.
    BusyError
        If a run of a model does not end in time.
    """
    locks, patience = project.home / "locks", project.settings.wait_seconds
    for model, before in found.before.items() if history else ():
        assert history is not None
        with model_lock("run", model, history.engine, locks, patience), history.writing() as connection:
            for table, conditions in _expired_rows(model, before):
                connection.execute(sa.delete(table).where(*conditions))
    named = _named(project.home, history) if history and found.profiles else set[str]()
    cache = ProfileStore(project.home).folder / "cache"
    for path in (*found.spool, *found.reports, *found.images, *found.profiles):
        # A run may have written the same profile again meanwhile.
        if path.suffix == ".arrow" and path.stem in named and path.parent != cache:
            continue
        try:
            _removed(path)
        except OSError as error:
            raise HistoryError(f"cannot be removed: {one_line(error)}", where=path, fix="allow it") from None


def _removed(path: Path) -> None:
    """Remove a file or a folder, of which another `prune` may remove a part meanwhile."""
    if not path.is_dir():
        path.unlink(missing_ok=True)
    while path.is_dir():
        with suppress(FileNotFoundError):
            rmtree(path)


def _older(folder: Path, now: datetime, days: float | None) -> list[Path]:
    """What lies in a folder and has not changed for so many days."""
    return unchanged_since(folder, now.timestamp() - days * 86_400) if days else []


def _before(project: Project, history: History, monitor: Monitor, now: datetime) -> dict[str, datetime]:
    """Before when the windows of a model go: by the settings, and never one that runs still read."""
    settings = project.settings
    days = {"history": settings.keep_history_days, "profile": settings.keep_profiles_days}
    if not any(days.values()) or (needed := needed_since(history, monitor, now)) is None:
        return {}
    limits = {name: min(now - timedelta(days=kept), needed) for name, kept in days.items() if kept}
    if (whole := limits.pop("history", None)) is not None:
        limits |= dict.fromkeys((*OF_WINDOWS, "decision", "incident", "outbox", "delivery"), whole)
        limits["profile"] = max(limits.get("profile", whole), whole)
    return limits


def _expired_rows(model: str, before: dict[str, datetime]) -> Iterator[tuple[sa.Table, list[sa.ColumnElement[bool]]]]:
    """The tables, and which of their rows go. Who waits for a message, or has an incident, keeps it."""
    outbox, delivery, incident = tables.outbox, tables.delivery, tables.incident
    same = sa.and_(*(outbox.c[name] == delivery.c[name] for name in KEY))
    settled = delivery.c.status.not_in([status.value for status in WAITING])
    more: dict[str, list[sa.ColumnElement[bool]]] = {
        "outbox": [sa.exists().where(same, settled).correlate(outbox)],
        "delivery": [settled],
        "incident": [incident.c.closed_on.is_not(None), incident.c.closed_on < before.get("incident", datetime.max)],
    }
    columns = {"decision": "known_on", "outbox": "known_on", "delivery": "known_on", "incident": "opened_on"}
    # Deliveries go last: they say which messages are settled.
    for name, limit in sorted(before.items(), key=lambda it: it[0] == "delivery"):
        table = tables.metadata.tables[name]
        column = table.c[columns.get(name, "window_start")]
        yield table, [table.c.model == model, column < limit, *more.get(name, [])]


def _counts(history: History, model: str, before: dict[str, datetime]) -> dict[str, int]:
    found = {}
    with history.reading() as connection:
        for table, conditions in _expired_rows(model, before):
            count = connection.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions))
            if count:
                found[table.name] = int(count)
    return found


def _reports(
    project: Project, history: History, monitors: Iterable[Monitor], now: datetime, only: str | None
) -> Iterator[Path]:
    """Old reports, but for each model's newest, those of open incidents, and those that waiting messages link."""
    days, by_model = project.settings.keep_reports_days, {monitor.model: monitor for monitor in monitors}
    for folder in matching(project.home, "reports/*") if days else ():
        if only not in (None, folder.name):
            continue
        every = sorted(matching(folder, "*.html"), key=lambda path: newest_change(path) or 0)
        linked = {project.home / it.message.report for it in waiting(history, folder.name) if it.message.report}
        wanted = {*every[-1:], *linked, *_of_incidents(project, history, folder.name, by_model.get(folder.name))}
        yield from (path for path in _older(folder, now, days) if path.suffix == ".html" and path not in wanted)


def _of_incidents(project: Project, history: History, model: str, monitor: Monitor | None) -> set[Path]:
    """The reports that open incidents of a model are about, also of one that has no monitor any longer."""
    starts = {it.window_start for it in incidents_open(history, model).values() if it.window_start}
    run = tables.run.c
    query = sa.select(run.window_start, run.grain, run.timezone).distinct()
    with history.reading() as connection:
        rows = connection.execute(query.where(run.model == model, run.window_start.in_(starts))).all() if starts else []
    windows = [Window.of(model, Grain(grain), timezone, start) for start, grain, timezone in rows]
    if monitor:
        windows += [Window.of(model, monitor.every, monitor.timezone, start) for start in starts]
    return {report_path(project.home, model, window.label) for window in windows}


def _profiles(
    home: Path,
    history: History,
    before: dict[str, dict[str, datetime]],
    now: datetime,
    days: int,
    only: str | None,
) -> Iterator[Path]:
    """Profiles that no row names once the old ones are gone; and old copies of references', which are made again."""
    folder = ProfileStore(home).folder
    cached = _older(folder / "cache", now, days or None) if only is None else []
    named = _named(home, history, before, cached)
    limit = (now - SETTLED).timestamp()
    yield from cached
    # A profile that no row names may be left of any model.
    found = (
        matching(folder, "??/*.arrow")
        if only is None
        else map(ProfileStore(home).path_of, _expired_profiles(history, before))
    )
    yield from (path for path in found if path.stem not in named and is_unchanged_since(path, limit))


def _images(home: Path, monitor: Monitor, before: dict[str, datetime]) -> Iterator[Path]:
    """What was measured of images of days whose profiles go; a fixed reference is looked at for ever."""
    if (limit := before.get("profile")) is None:
        return
    kept = monitor.reference.days if monitor.reference else None
    # Days are of UTC here, and may begin and end a day beside the model's.
    margin, whole = timedelta(days=1), home / "image-statistics" / monitor.model
    for path in (*matching(whole, "v*/????-??-??"), *matching(whole, "recall/????-??-??T*.parquet")):
        day = date.fromisoformat(path.name[:10])
        if day + 2 * margin <= limit.date() and not (kept and kept[0] - margin <= day <= kept[1] + margin):
            yield path


def _expired_profiles(history: History, before: dict[str, dict[str, datetime]]) -> set[str]:
    """The profiles that rows name which go."""
    with history.reading() as connection:
        return set(connection.scalars(sa.select(tables.profile.c.content_hash).where(_goes(before)))) - {""}


def _goes(before: dict[str, dict[str, datetime]]) -> sa.ColumnElement[bool]:
    """Whether a row of a profile is one that goes."""
    table = tables.profile
    limits = {model: found["profile"] for model, found in before.items() if "profile" in found}
    return sa.or_(
        sa.false(), *(sa.and_(table.c.model == model, table.c.window_start < limit) for model, limit in limits.items())
    )


def _named(
    home: Path, history: History, before: dict[str, dict[str, datetime]] | None = None, gone: Iterable[Path] = ()
) -> set[str]:
    """The profiles that the history names, but for rows that go, and that references' copies name."""
    query = sa.select(tables.profile.c.content_hash).distinct().where(sa.not_(_goes(before or {})))
    with history.reading() as connection:
        named = set(connection.scalars(query))
    left_out = set(gone)
    for path in matching(ProfileStore(home).folder, "cache/*"):
        if path not in left_out:
            with suppress(OSError):
                named.add(path.read_text(errors="replace"))
    return named


def room(paths: Iterable[Path]) -> int:
    """Bytes that files and folders take."""
    return sum(map(tree_size, paths))
