"""The text of a query: which of its colons are bound parameters, and where it ends."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

STARTS = re.compile(
    r"""
    (?P<line>--[^\n]*)
    | (?P<block>/\*)
    | (?P<escapes>\b[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z))
    | (?P<text>'(?:[^']|'')*(?:'|\Z))
    | (?P<name>"(?:[^"]|"")*(?:"|\Z)|`[^`]*(?:`|\Z))
    | (?P<dollar>(?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z))
    | (?P<cast>::)
    | (?P<parameter>:[^\W\d]\w*)
    | (?P<colon>:)
    | (?P<end>;)
    """,
    re.VERBOSE | re.DOTALL,
)
"""What a database does not read as plain text of a query, in the order in which it is tried."""

KINDS = {
    "line": "comment",
    "block": "comment",
    "escapes": "literal",
    "text": "literal",
    "name": "literal",
    "dollar": "literal",
    "cast": "cast",
    "parameter": "parameter",
    "colon": "colon",
    "end": "end",
}

BACKSLASHED = re.compile(r"'(?:[^'\\]|''|\\.)*(?:'|\Z)", re.DOTALL)
"""A literal of MySQL and its kin, in which a backslash escapes."""

BACKSLASHES = frozenset({"mysql", "mariadb", "bigquery", "databricks", "snowflake", "clickhouse"})
ESCAPES = frozenset({"postgresql", "redshift", "cockroachdb", "duckdb"})
DOLLARS = frozenset({"postgresql", "redshift", "cockroachdb", "duckdb", "snowflake"})
NESTED = frozenset({"postgresql", "redshift", "cockroachdb", "duckdb", "mssql"})
"""Databases in which comments nest."""


def bound_query(query: str, dialect: str, parameters: Collection[str]) -> tuple[str, set[str]]:
    """A query for SQLAlchemy's `text`, and the parameters that it binds.

    A colon in a comment, a literal, a quoted name or a cast is none. The rest of the query stays as it is.

    Parameters
    ----------
    query : str
    dialect : str
        SQLAlchemy's name of the database.
    parameters : collection of str
        The names that are bound.

    Examples
    --------
    >>> bound_query("SELECT ':start' WHERE at >= :start::date -- :end", "postgresql", ["start", "end"])
    ("SELECT '\\\\:start' WHERE at >= :start \\\\:\\\\:date -- \\\\:end", {'start'})
    """
    written = ""
    bound: set[str] = set()
    for kind, text in _tokens(query, dialect):
        if kind == "parameter" and text[1:] in parameters:
            bound.add(text[1:])
            # SQLAlchemy knows a parameter by what stands around it.
            written += " " if re.search(r"\w\Z", written) else ""
            written += text
            continue
        if kind in ("cast", "colon", "parameter"):
            # A user who knows SQLAlchemy has escaped it already.
            written = written.removesuffix("\\")
            written += " " if kind == "cast" and re.search(r":\w+\Z", written) else ""
        written += text.replace(":", "\\:")
    return written, bound


WRITES = frozenset(
    [
        "ALTER",
        "CALL",
        "CREATE",
        "DELETE",
        "DROP",
        "EXEC",
        "EXECUTE",
        "GRANT",
        "INSERT",
        "MERGE",
        "REPLACE",
        "REVOKE",
        "TRUNCATE",
        "UPDATE",
        "VACUUM",
    ]
)
"""What a statement begins with that changes something."""


def changes_data(query: str, dialect: str) -> str:
    """The word by which a query is a statement that changes something; empty for one that reads.

    Examples
    --------
    >>> changes_data("-- of today\\ndelete FROM log", "sqlite"), changes_data("SELECT 1", "sqlite")
    ('DELETE', '')
    """
    plain = " ".join(text for kind, text in _tokens(query, dialect) if kind == "plain")
    first = next(iter(re.findall(r"[^\W\d]\w*", plain)), "").upper()
    return first if first in WRITES else ""


def why_refused(query: str, dialect: str, parameters: Collection[str]) -> str:
    """What in a query that a database refused is likely to be the reason; empty where nothing is.

    Examples
    --------
    >>> why_refused("SELECT * FROM log WHERE at >= :begin", "sqlite", ["start", "end"])
    'it has :begin, and the bounds are called :start and :end'
    """
    tokens = list(_tokens(query, dialect))
    if other := next((text for kind, text in tokens if kind == "parameter" and text[1:] not in parameters), ""):
        return f"it has {other}, and the bounds are called {' and '.join(f':{name}' for name in parameters)}"
    if dialect not in CASTS and any(kind == "cast" for kind, _ in tokens):
        return "it casts with ::, which this database does not know; write CAST(... AS ...)"
    return ""


CASTS = frozenset({"postgresql", "redshift", "cockroachdb", "duckdb", "snowflake", "databricks", "clickhouse"})
"""Databases that know ``::``."""


def without_end(query: str, dialect: str) -> str:
    """A query without what ends it: a semicolon that only blanks and comments follow.

    Examples
    --------
    >>> without_end("SELECT 1; -- done", "sqlite")
    'SELECT 1 -- done'
    """
    tokens = list(_tokens(query, dialect))
    last = max(
        (i for i, (kind, text) in enumerate(tokens) if kind not in ("end", "comment") and text.strip()), default=-1
    )
    return "".join(text for i, (kind, text) in enumerate(tokens) if kind != "end" or i < last).strip()


def _tokens(query: str, dialect: str) -> Iterator[tuple[str, str]]:
    """The query in pieces: ``plain``, ``comment``, ``literal``, ``cast``, ``parameter``, ``colon`` and ``end``."""
    begun = place = 0
    while match := STARTS.search(query, place):
        kind, begin, end = str(match.lastgroup), match.start(), match.end()
        if (kind == "escapes" and dialect not in ESCAPES) or (kind == "dollar" and dialect not in DOLLARS):
            # A word that ends in e before a literal, or a sign of no meaning.
            place = begin + 1
            continue
        if kind == "block":
            end = _end_of_comment(query, begin, nested=dialect in NESTED)
        if kind == "text" and dialect in BACKSLASHES and (literal := BACKSLASHED.match(query, begin)):
            end = literal.end()
        if begun < begin:
            yield "plain", query[begun:begin]
        yield KINDS[kind], query[begin:end]
        begun = place = end
    if begun < len(query):
        yield "plain", query[begun:]


def _end_of_comment(query: str, begin: int, *, nested: bool) -> int:
    depth = 0
    for mark in re.finditer(r"/\*|\*/", query[begin:]):
        depth += 1 if mark[0] == "/*" and (nested or not depth) else -1 if mark[0] == "*/" else 0
        if not depth:
            return begin + mark.end()
    return len(query)
