"""Tables whose folder holds more than their rows: a log says which files count, and a glob would count removed ones."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, unquote

import pyarrow as pa
import pyarrow.fs as fs

from lamplighter.errors import SourceError, one_line
from storage.sources.path_columns import Constants

LOGS = {"_delta_log": "Delta", ".hoodie": "Hudi", "metadata": "Iceberg"}
"""The folder in which each format keeps its log; one called ``metadata`` is Iceberg's when it holds its files."""
ICEBERG = (".metadata.json", ".metadata.json.gz")

READ = frozenset(
    {"columnMapping", "deletionVectors", "timestampNtz", "typeWidening", "v2Checkpoint", "vacuumProtocolCheck"}
)
"""Features of a Delta table that its reader must know, and that this one does."""

Declared = tuple[tuple[str, str, pa.DataType], ...]
"""The columns of a table as its log declares them: the name, the name in the files, and the type."""


@dataclass(frozen=True, slots=True)
class LiveFile:
    """A file that counts.

    Attributes
    ----------
    path : str
        On the file system of the table.
    stamp : str
        Another stamp means that other rows are to be read.
    constants : Constants
        Partition values: they stand in the log alone.
    declared : Declared
    kept : BooleanArray or None
        Which rows a deletion vector leaves; None for all.
    """

    path: str
    stamp: str
    constants: Constants
    declared: Declared
    kept: pa.BooleanArray | None


def tables_with_logs(filesystem: fs.FileSystem, folders: Iterable[str]) -> dict[str, str]:
    """Which of some folders and of those around them are such tables, and the format of each.

    Each folder is looked at once; a store is asked for all of them in one go.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "orders", "_delta_log").mkdir(parents=True)
    ...     found = tables_with_logs(fs.LocalFileSystem(), [f"{folder}/orders/day=2026-03-01", f"{folder}/log"])
    ...     print([(path.removeprefix(folder), kind) for path, kind in found.items()])
    [('/orders', 'Delta')]
    """
    around = sorted({parent for folder in folders for parent in _and_parents(folder)})
    asked = [f"{folder}/{log}" for folder in around for log in LOGS]
    found: dict[str, str] = {}
    for path in _folders_among(filesystem, asked):
        folder, _, log = path.rpartition("/")
        if log != "metadata" or _holds_iceberg(filesystem, path):
            found.setdefault(folder, LOGS[log])
    return found


@lru_cache(maxsize=4096)
def _and_parents(folder: str) -> tuple[str, ...]:
    """A folder and those around it; kept, since a run with many windows asks for the same few in each of them."""
    path = PurePosixPath(folder)
    return tuple(text for place in (path, *path.parents) if (text := str(place)) not in ("/", "."))


def _folders_among(filesystem: fs.FileSystem, paths: Sequence[str]) -> list[str]:
    infos: list[fs.FileInfo] = []
    try:
        infos = filesystem.get_file_info(paths)
    except OSError:
        # A key of a store may see its own folder alone.
        for path in paths:
            with suppress(OSError):
                infos += filesystem.get_file_info([path])
    return [info.path for info in infos if info.type == fs.FileType.Directory]


def _holds_iceberg(filesystem: fs.FileSystem, path: str) -> bool:
    with suppress(OSError):
        return any(info.path.endswith(ICEBERG) for info in filesystem.get_file_info(fs.FileSelector(path)))
    return False


def live_files(filesystem: fs.FileSystem, root: str, uri: str, kind: str) -> tuple[LiveFile, ...]:
    """The files of a table that its log says count.

    Parameters
    ----------
    filesystem : FileSystem
    root : str
        The table's folder there.
    uri : str
        The folder as its format's own library is given it; the options of a URI come along.
    kind : {'Delta', 'Hudi', 'Iceberg'}

    Raises
    ------
    SourceError
        If the format is not read, its library is not installed, or the log cannot be read.

    Examples
    --------
    >>> live_files(fs.LocalFileSystem(), "lake/orders", "lake/orders", "Hudi")
    Traceback (most recent call last):
    ...
    lamplighter.errors.SourceError: lake/orders: is a Hudi table, whose folder holds rows that were removed; read it
     with sql: through an engine that knows it, or export the rows as Parquet
    """
    shown = uri.partition("?")[0]
    if kind != "Delta":
        what = f"is an {kind} table" if kind == "Iceberg" else f"is a {kind} table"
        cure = "read it with sql: through an engine that knows it, or export the rows as Parquet"
        raise SourceError(f"{what}, whose folder holds rows that were removed", where=shown, fix=cure)
    try:
        import deltalake  # noqa: F401 - whether it is there
    except ImportError:
        cure = "to read it through its log, .venv/bin/pip install 'deltalake>=1.6,<2'"
        raise SourceError(
            "is a Delta table, whose folder holds rows that were removed", where=shown, fix=cure
        ) from None
    log = filesystem.get_file_info(fs.FileSelector(f"{root}/_delta_log"))
    state = hashlib.sha256(repr(sorted((info.path, info.size, info.mtime_ns) for info in log)).encode()).hexdigest()
    return _of_delta(uri, root, state)


@lru_cache(maxsize=32)
def _of_delta(uri: str, root: str, state: str) -> tuple[LiveFile, ...]:
    """The files of one state of the log: the windows of a run ask for the same one."""
    from deltalake import DeltaTable

    shown = uri.partition("?")[0]
    try:
        table = DeltaTable(shown, storage_options=_storage_options(uri))
        features = set(table.protocol().reader_features or ())
        if unknown := sorted(features - READ):
            what = f"is a Delta table that uses {', '.join(unknown)}, which is not read"
            raise SourceError(what, where=shown, fix="read it with sql:, or export the rows as Parquet")
        declared = _declared(table)
        actions = pa.table(table.get_add_actions(flatten=False))
        kept = _kept_rows(table, root) if "deletionVectors" in features else {}
    except SourceError:
        raise
    except BaseException as error:
        # The library is of Rust, whose panics are no exceptions.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        what = f"the log of this Delta table cannot be read: {STACK.sub('', one_line(error))}"
        raise SourceError(what, where=shown, fix="mend the log, or export the rows as Parquet") from None
    return tuple(_live_file(root, action, declared, kept) for action in _rows(actions))


STACK = re.compile(r"\s+0: .*")
"""What the library adds to an error for its own developers."""


def _storage_options(uri: str) -> dict[str, str]:
    """The options of a URI as the library of Delta names them; the rest it finds in the environment, as Arrow does."""
    given = dict(parse_qsl(uri.partition("?")[2]))
    options = {"AWS_REGION": given["region"]} if "region" in given else {}
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if "endpoint_override" in given:
        endpoint = given["endpoint_override"]
        endpoint = endpoint if "://" in endpoint else f"{given.get('scheme', 'https')}://{endpoint}"
        options["AWS_ENDPOINT_URL"] = endpoint
    return options | ({"AWS_ALLOW_HTTP": "true"} if endpoint.startswith("http://") else {})


def _declared(table: Any) -> Declared:
    """The columns of the log's schema; with column mapping the files have other names for them."""
    schema = pa.schema(table.schema().to_arrow())
    names = {
        field.name: field.metadata.get("delta.columnMapping.physicalName", field.name)
        for field in table.schema().fields
    }
    return tuple((field.name, str(names[field.name]), field.type) for field in schema)


def _kept_rows(table: Any, root: str) -> dict[str, pa.BooleanArray]:
    vectors = pa.table(table.deletion_vectors())
    return {
        _path_of(path.as_py(), root): pa.array(rows.values)
        for path, rows in zip(vectors["filepath"], vectors["selection_vector"], strict=True)
    }


def _rows(actions: pa.Table) -> list[dict[str, Any]]:
    """The files of the log, with the types of their partition values."""
    values: Any = actions.column("partition").combine_chunks() if "partition" in actions.column_names else None
    names = [] if values is None else [field.name for field in values.type]
    return [
        {
            "path": path.as_py(),
            "stamp": f"{size.as_py()}-{changed.as_py()}",
            "partition": tuple((name, values.field(name)[i]) for name in names),
        }
        for i, (path, size, changed) in enumerate(
            zip(actions["path"], actions["size_bytes"], actions["modification_time"], strict=True)
        )
    ]


def _live_file(root: str, action: dict[str, Any], declared: Declared, kept: dict[str, pa.BooleanArray]) -> LiveFile:
    # The log writes a path as a URI does.
    path = _path_of(unquote(action["path"]), root)
    rows, stamp = kept.get(path), action["stamp"]
    if rows is not None:
        stamp += "-" + hashlib.sha256(repr(rows.to_pylist()).encode()).hexdigest()[:16]
    names = {physical: name for name, physical, _ in declared}
    constants = tuple((names.get(key, key), value) for key, value in action["partition"])
    partitions = {name for name, _ in constants}
    columns = tuple(column for column in declared if column[0] not in partitions)
    return LiveFile(path, stamp, constants, columns, rows)


def _path_of(path: str, root: str) -> str:
    """A path of the log on the file system of its table: relative to it, or whole where a clone names another's."""
    if "://" in path:
        scheme, _, rest = path.partition("://")
        return rest if scheme != "file" else f"/{rest.lstrip('/')}"
    return path if path.startswith("/") else f"{root}/{path}"


def table_around(path: str, tables: Collection[str]) -> str | None:
    """The outermost of some tables that a file or folder lies in.

    Examples
    --------
    >>> table_around("lake/orders/day=1/a.parquet", ["lake/orders"])
    'lake/orders'
    >>> table_around("lake/log/a.parquet", ["lake/orders"]) is None
    True
    """
    if not tables:
        return None
    return next((place for place in reversed(_and_parents(path)) if place in tables), None)
