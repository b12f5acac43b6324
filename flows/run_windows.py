"""Many windows of one model, in order, as if each had been run on time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from flows.run_window import run_window
from flows.stage_functions import Stages
from lamplighter.core.evaluation.maturity import matured
from lamplighter.core.monitor import Monitor
from lamplighter.core.time.window import Window, midnight
from lamplighter.errors import HistoryError, LamplighterError, MonitorError, said_of, unexpected
from storage.history import open_history
from storage.history.windows import windows_after
from storage.project.folder import Project
from tasks.stages.outcome import Outcome
from tasks.stages.run_context import RunContext


@dataclass(frozen=True)
class WindowRun:
    """The run of one window: its outcome, or what went wrong with the model's run."""

    window: Window
    outcome: Outcome | None
    fault: str = ""


def windows_between(monitor: Monitor, first: date | datetime, last: date | datetime) -> list[Window]:
    """The windows from the one in which ``first`` begins to the one in which ``last`` ends, in order.

    A time without a zone is of the model's; the windows are those that hold the two times.

    Raises
    ------
    MonitorError
        If the days lie beyond the calendar.

    Examples
    --------
    >>> [it.label for it in windows_between(monitor, date(2026, 3, 6), date(2026, 3, 7))]
    ['2026-03-06', '2026-03-07']
    """
    zone = ZoneInfo(monitor.timezone)
    try:
        window = Window.of(monitor.model, monitor.every, monitor.timezone, _aware(first, zone))
        end = _aware(last, zone)
        if not isinstance(end, datetime):
            end = midnight(end + timedelta(days=1), zone) - timedelta(microseconds=1)
        windows = [window]
        while windows[-1].end <= end:
            windows.append(windows[-1].next())
    except OverflowError:
        raise MonitorError(
            "no calendar reaches so far", where=f"{first} to {last}", fix="give days that there are rows of"
        ) from None
    return windows


def _aware(moment: date | datetime, zone: ZoneInfo) -> date | datetime:
    is_naive = isinstance(moment, datetime) and moment.tzinfo is None
    return moment.replace(tzinfo=zone) if isinstance(moment, datetime) and is_naive else moment


def windows_to_run(project: Project, monitor: Monitor, first: date | datetime, last: date | datetime) -> list[Window]:
    """The windows of some days, and then later ones that were run already but should have awaited the labels of these.

    So the history of a gap that is filled later ends as if there had been none. Decisions alone stay as they were
    made.

    Raises
    ------
    MonitorError
        If the last of the days is not over.

    Examples
    --------
    >>> [it.label for it in windows_to_run(project, monitor, date(2026, 3, 5), date(2026, 3, 5))]
    ['2026-03-05', '2026-03-06']
    """
    windows = windows_between(monitor, first, last)
    newest = monitor.window(datetime.now(UTC))
    if windows[-1].end > newest.end:
        raise MonitorError(
            f"{last} is not over yet", where=monitor.model, fix=f"the newest complete window is {newest.label}"
        )
    if monitor.labels is None:
        return windows
    final = matured(windows[-1], monitor)
    for window in windows_after(open_history(project), windows[-1]):
        windows.append(window)
        if monitor.run_after(window) >= final:
            break
    return windows


def run_windows(
    project: Project,
    monitor: Monitor,
    windows: Sequence[Window],
    *,
    reported: Collection[Window] = (),
    with_retraining: bool = False,
    announce: Callable[[Window, str], None] | None = None,
) -> Iterator[WindowRun]:
    """Run windows in order with the plain stages; when one fails, the next ones still run.

    Gauges and messages describe the present, so only the last run publishes and sends.

    Parameters
    ----------
    reported : collection of Window
        Those that get a report.
    with_retraining : bool
        Whether runs of past windows may train a model; only a replay wants that.
    announce : callable, optional
        Gets the window and the name of each stage as it begins.
    """
    first = RunContext(project, monitor, windows[0], monitor.run_after(windows[0])) if windows else None
    for window in windows:
        assert first is not None
        context = replace(first, window=window, now=monitor.run_after(window))
        is_last = window == windows[-1]
        try:
            outcome = run_window(
                context,
                Stages.plain(partial(announce, window) if announce else None),
                with_report=window in reported,
                is_present=is_last,
                with_retraining=with_retraining,
            )
        except HistoryError:
            raise
        except LamplighterError as error:
            yield WindowRun(window, None, said_of(monitor.model, error))
        except Exception as error:
            yield WindowRun(window, None, unexpected(error))
        else:
            yield WindowRun(window, outcome)
