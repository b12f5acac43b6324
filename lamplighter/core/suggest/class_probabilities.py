"""Several columns that hold the probability of a class each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from lamplighter.core.suggest.board import Board
from lamplighter.core.suggest.column_names import is_score
from lamplighter.core.suggest.columns import Column
from lamplighter.core.suggest.relations import follows_largest, sum_to_one
from lamplighter.core.suggest.words import SCORE, Words, names_a_score, words

Family = dict[Words, Column]
"""Columns whose names differ in one part, by that part."""

MOST_OF_A_FAMILY = 100


def families(board: Board) -> list[Family]:
    """Columns that look like the probabilities of all classes, several families of them where there are.

    Examples
    --------
    >>> scores = [Column(f"prob_{name}", "number", minimum=0.0, maximum=1.0) for name in ("cat", "dog")]
    >>> [sorted(family) for family in families(Board(scores))]
    [[('cat',), ('dog',)]]
    """
    named = [found for found in _by_name(board.free(is_score)) if 1 < len(found) <= MOST_OF_A_FAMILY]
    return [found for found in [*named, *_of_classes(board)] if _adds_up(board, found)]


def _by_name(columns: Sequence[Column]) -> Iterator[Family]:
    parts = sorted(((*_parted(column.name), column) for column in columns), key=lambda part: part[0])
    for _, family in groupby(parts, key=lambda part: part[0]):
        yield {suffix: column for _, suffix, column in family}


def _parted(name: str) -> tuple[Words, Words]:
    """What the names of a family share, and in what they differ."""
    found = words(name)
    place = next((i for i, word in enumerate(found) if word in SCORE), 0 if found[0] == "p" else len(found) - 1)
    if place == len(found) - 1:
        return ("", found[place]), found[:place]
    return found[: place + 1], found[place + 1 :]


def _of_classes(board: Board) -> Iterator[Family]:
    """Columns that are called as the classes are, such as ``cat`` and ``dog`` beside an answer ``cat``."""
    held = [c for c in board.free(lambda c: c.is_probability) if not names_a_score(c.name)]
    by_name = {words(column.name): column for column in held}
    for answers in board.free(lambda column: 1 < len(column.classes) <= MOST_OF_A_FAMILY and column.kind == "text"):
        found = {words(name): by_name[words(name)] for name in answers.classes if words(name) in by_name}
        if len(found) == len(answers.classes):
            yield found
            return


def _adds_up(board: Board, family: Family) -> bool:
    numbers = [board.sample.numbers[c.name] for c in family.values() if c.name in board.sample.numbers]
    return not numbers or (len(numbers) == len(family) and sum_to_one(numbers))


def answer_of(board: Board, family: Family, column: Column) -> dict[str, str]:
    """The column of each class, where a column's classes are those of the largest probabilities; else empty.

    Examples
    --------
    >>> import numpy as np
    >>> from lamplighter.core.suggest.columns import Sample
    >>> cat = np.linspace(0, 1, 40)
    >>> sample = Sample({"p_cat": cat, "p_dog": 1 - cat}, {"animal": np.where(cat > 0.5, "cat", "dog").astype(object)})
    >>> family = {("cat",): Column("p_cat", "number"), ("dog",): Column("p_dog", "number")}
    >>> answer_of(Board([], sample), family, Column("animal", "text"))
    {'cat': 'p_cat', 'dog': 'p_dog'}
    """
    sample = board.sample
    if column.name not in sample.classes or any(c.name not in sample.numbers for c in family.values()):
        return {}
    scores = {c.name: sample.numbers[c.name] for c in family.values()}
    return follows_largest(scores, sample.classes[column.name])


def by_class(board: Board, family: Family, classes: Sequence[str]) -> dict[str, Column] | None:
    """The column of each class; None where that is not clear.

    Parameters
    ----------
    board : Board
    family : dict of tuple of str to Column
    classes : sequence of str
        Those that were seen in the answer or the truth; empty where neither is there.

    Examples
    --------
    >>> family = {("cat",): Column("p_cat", "number"), ("dog",): Column("p_dog", "number")}
    >>> {name: column.name for name, column in by_class(Board([]), family, ["cat"]).items()}
    {'cat': 'p_cat', 'dog': 'p_dog'}
    """
    columns = {column.name: column for column in family.values()}
    answer = board.roles.get("prediction")
    found = {klass: columns[name] for klass, name in (answer_of(board, family, answer) if answer else {}).items()}
    rest = {part: column for part, column in family.items() if column not in found.values()}
    for klass in classes:
        if klass not in found and (column := rest.pop(words(klass), None)):
            found[klass] = column
    if set(classes) - set(found):
        return None
    # What is left belongs to classes that were not seen; they are called as their columns are.
    return found | {_written(column.name, part): column for part, column in rest.items()}


def _written(name: str, part: Words) -> str:
    """A part of a name as it is written there.

    Examples
    --------
    >>> _written("score.Guinea_pig", ("guinea", "pig")), _written("Cat-prob", ("cat",))
    ('Guinea_pig', 'Cat')
    """
    length = sum(map(len, part))
    at_end = words(name)[-len(part) :] == part
    signs, kept = (reversed(name) if at_end else iter(name)), ""
    for sign in signs:
        if not length:
            break
        kept, length = kept + sign, length - sign.isalnum()
    return kept[::-1] if at_end else kept
