"""What columns some files hold, of which types, and how the files differ."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property

import pyarrow as pa

from lamplighter.core.hints import names_listed
from lamplighter.core.values.cell import Reading
from storage.sources.files import File
from storage.sources.types import common_types, reading_beside


class HeldColumns:
    """The columns of the files that hold rows of a window.

    A column may stand in the path of a file in place of the file itself.

    Parameters
    ----------
    is_csv : callable
        Whether a file has cells in place of types, by its URI.

    Examples
    --------
    >>> held = HeldColumns(lambda uri: False)
    >>> for name, columns in (("a", {"x": pa.int64(), "y": pa.int64()}), ("b", {"x": pa.string()})):
    ...     held.add(File(name, 0, "", name), pa.schema(columns), columns)
    >>> held.types["x"], held.conflicting, [(file.shown, what) for _, file, what in held.lacking("xy")]
    (DataType(int64), {'x': 'int64 and string'}, [('b', 'it has x')])
    """

    def __init__(self, is_csv: Callable[[str], bool]) -> None:
        self._is_csv = is_csv
        self._files: dict[str, File] = {}
        self._schemas: dict[str, pa.Schema] = {}
        self._inside: dict[str, frozenset[str]] = {}

    def __contains__(self, uri: str) -> bool:
        return uri in self._files

    def add(self, file: File, schema: pa.Schema, inside: Collection[str]) -> None:
        """Take a file in, with its columns and the names of those that do not stand in its path alone."""
        self._files[file.uri], self._schemas[file.uri] = file, schema
        self._inside[file.uri] = frozenset(inside)
        self._forget()

    def drop(self, uri: str) -> None:
        """Leave a file out."""
        del self._files[uri], self._schemas[uri], self._inside[uri]
        self._forget()

    def _forget(self) -> None:
        for name in [name for name, kept in vars(type(self)).items() if isinstance(kept, cached_property)]:
            vars(self).pop(name, None)

    @property
    def files(self) -> list[File]:
        """The files."""
        return [*self._files.values()]

    @property
    def types(self) -> dict[str, pa.DataType]:
        """Columns and their types: over all files, the type that holds each of theirs."""
        return self._common[0]

    @property
    def conflicting(self) -> dict[str, str]:
        """Columns that hold different kinds of values in different files, and which; they are read as text."""
        return self._common[1]

    @cached_property
    def _common(self) -> tuple[dict[str, pa.DataType], dict[str, str]]:
        return common_types(entry for schema in self._schemas.values() for entry in schema)

    @cached_property
    def inferred(self) -> frozenset[str]:
        """Conflicting columns of which only CSV files, where types are read from the values, differ from the others."""
        typed = (field for schema in self._typed for field in schema)
        return frozenset(self.conflicting) - common_types(typed)[1].keys()

    @property
    def _typed(self) -> list[pa.Schema]:
        return [schema for uri, schema in self._schemas.items() if not self._is_csv(uri)]

    @cached_property
    def of_paths(self) -> frozenset[str]:
        """Columns that stand in the paths of the files alone. They are there where a monitor names them."""
        named = {name for file in self.files for name in _in_path(file)}
        return frozenset(named.difference(*self._inside.values()))

    def is_in(self, uri: str, name: str) -> bool:
        """Whether a file has a column, inside or in its path."""
        return name in self._schemas[uri].names

    def stands_in(self, file: File, name: str) -> bool:
        """Whether a file has a column inside."""
        return name in self._inside[file.uri]

    def has_cells(self, name: str) -> bool:
        """Whether a column stands in a CSV file, so that its type is read from the cells."""
        return any(name in schema.names and self._is_csv(uri) for uri, schema in self._schemas.items())

    def reading(self, name: str) -> Reading:
        """How cells of another table are read that are compared with a column: as what all its typed files hold."""
        return reading_beside([schema.field(name).type for schema in self._typed if name in schema.names])

    def lacking(self, names: Iterable[str]) -> Iterator[tuple[str, File, str]]:
        """Columns that some files lack and others have; they are null there.

        Yields
        ------
        tuple of str, File and str
            The column, a file that lacks it, and what the file has in its place.
        """
        for name in names:
            without = [uri for uri, schema in self._schemas.items() if name not in schema.names]
            if len(without) < len(self._schemas):
                for uri in without:
                    yield name, self._files[uri], names_listed(name, self._own(uri))

    def _own(self, uri: str) -> list[str]:
        """The columns of a file that do not stand in its path alone."""
        inside, in_path = self._inside[uri], _in_path(self._files[uri])
        return [name for name in self._schemas[uri].names if name in inside or name not in in_path]


def _in_path(file: File) -> set[str]:
    return {name for name, _ in file.constants if not file.declared}
