"""In which columns boxes stand, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass

from lamplighter.core.monitor import Labels, Predictions


@dataclass(frozen=True, slots=True)
class BoxColumns:
    """Where boxes stand.

    Attributes
    ----------
    boxes, classes : str
        Columns of lists.
    scores : str or None
    form : str
        What the four numbers of a box are.
    confidence : float
        The score from which the service acts on a box.
    """

    boxes: str
    classes: str
    scores: str | None
    form: str
    confidence: float = 0.0

    @classmethod
    def of(cls, section: Predictions | Labels) -> BoxColumns:
        """Those that a monitor declares.

        Examples
        --------
        >>> BoxColumns.of(Labels(parquet="l.parquet", target="boxes", classes="classes")).names
        ['boxes', 'classes']
        """
        if isinstance(section, Labels):
            return cls(section.target, section.classes or "", None, section.box_format.value)
        score = section.score if isinstance(section.score, str) else None
        form, confidence = section.box_format.value, section.confidence or 0.0
        return cls(section.prediction or "", section.classes or "", score, form, confidence)

    @property
    def names(self) -> list[str]:
        """The columns."""
        return [self.boxes, self.classes, *([self.scores] if self.scores else [])]
