"""SQL that panels of a model share. A key of the history has a row for each date on which its value became known."""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.queries import Sql

MODEL = "model = ${model:sqlstring}"
OVERALL = "segment = '' AND version = '' AND feature = '' AND class = ''"


def listed(names: Iterable[str]) -> str:
    """Names as SQL has them in a list.

    Examples
    --------
    >>> listed(["f1", "mae"])
    "'f1', 'mae'"
    """
    return ", ".join(f"'{name}'" for name in names)


def newest_measured(names: Iterable[str], value: str = "value", legend: str = "metric", where: str = OVERALL) -> Sql:
    """What is known now of some metrics, by the start of the window that they are about.

    Parameters
    ----------
    names : iterable of str
    value : str
        The column that is shown.
    legend : str
        What a line is called, in SQL.
    where : str
        Which parts of a window.
    """
    names = tuple(names)
    return Sql(
        f'SELECT window_start AS "time", {legend} AS metric, {value} AS value FROM (\n'
        "  SELECT DISTINCT ON (window_start, grain, metric, segment, version, feature, class, method) *\n"
        f"  FROM measurement WHERE {MODEL} AND $__timeFilter(window_start)\n"
        f"    AND metric IN ({listed(names)}) AND {where}\n"
        "  ORDER BY window_start, grain, metric, segment, version, feature, class, method, known_on DESC\n"
        f") AS newest WHERE {value} IS NOT NULL ORDER BY 1, 2",
        "time_series",
        of=names,
    )


CONFUSION = Sql(
    "SELECT COALESCE(NULLIF(y_true, ''), '(none)') AS y_true, COALESCE(NULLIF(y_pred, ''), '(none)') AS y_pred,\n"
    "  sum(n)::bigint AS n FROM (\n"
    "  SELECT DISTINCT ON (window_start, grain, segment, version, y_true, y_pred) *\n"
    f"  FROM confusion WHERE {MODEL} AND $__timeFilter(window_start)\n"
    "    AND segment = '' AND version = ''\n"
    "  ORDER BY window_start, grain, segment, version, y_true, y_pred, known_on DESC\n"
    ") AS newest WHERE n > 0 GROUP BY 1, 2 ORDER BY 1, 2",
    needs=("f1",),
)

INCIDENTS = Sql(
    'SELECT check_name AS "check", severity, opened_on AS opened, closed_on AS closed,\n'
    "  EXTRACT(EPOCH FROM COALESCE(closed_on, LEAST(now(), $__timeTo()::timestamptz)) - opened_on)::float8 AS lasted,\n"
    '  window_start AS "window", ending\n'
    f"FROM incident WHERE {MODEL} AND opened_on <= $__timeTo() AND COALESCE(closed_on, now()) >= $__timeFrom()\n"
    "ORDER BY opened_on DESC LIMIT 200"
)

DECISIONS = Sql(
    'SELECT check_name AS "check", metric, verdict, value, low, high, window_start AS "window", reason\n'
    f"FROM decision WHERE {MODEL}\n"
    f"  AND known_on = (SELECT max(known_on) FROM decision WHERE {MODEL} AND known_on <= $__timeTo())\n"
    "ORDER BY verdict = 'failed' DESC, verdict = 'undecided' DESC, check_name"
)

RETRAININGS = Sql(
    'SELECT known_on AS "asked", purpose, cause, status, version, champion, metric, gain, lower, upper, n, reason\n'
    f"FROM retraining WHERE {MODEL} AND $__timeFilter(known_on) ORDER BY known_on DESC LIMIT 200"
)

RUNS = Sql(
    'SELECT window_start AS "window", known_on AS "due", status,\n'
    "  EXTRACT(EPOCH FROM ended_at - started_at)::float8 AS took,\n"
    "  json_array_length(findings::json) AS findings, message\n"
    f"FROM run WHERE {MODEL} AND $__timeFilter(known_on) ORDER BY started_at DESC LIMIT 200"
)

PROMOTED = Sql(
    "SELECT known_on AS \"time\", version || ' became champion: ' || cause AS text, 'promotion' AS tags\n"
    f"FROM promotion WHERE {MODEL} AND $__timeFilter(known_on)"
)

RETRAINED = Sql(
    "SELECT known_on AS \"time\", purpose || ' ' || status || ' ' || version || ' ' || reason AS text,\n"
    "  'retraining' AS tags\n"
    f"FROM retraining WHERE {MODEL} AND $__timeFilter(known_on)"
)

OPENED = Sql(
    "SELECT opened_on AS \"time\", closed_on AS timeend, check_name || ' (' || severity || ')' AS text,\n"
    "  'incident' AS tags\n"
    f"FROM incident WHERE {MODEL} AND $__timeFilter(opened_on)"
)
