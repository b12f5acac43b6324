"""Gauges out: to the folder of node_exporter's textfile collector, or to the home alone."""

from __future__ import annotations

from pathlib import Path

from lamplighter.atomic import write_atomically
from lamplighter.errors import PublishError
from storage.project.folder import Project

READABLE_BY_ALL = 0o644


def publish(project: Project, model: str, text: bytes) -> str:
    r"""Write the file of a model, which the collector, another user, has to read.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from storage.project.settings import Settings
    >>> with TemporaryDirectory() as folder:
    ...     shop = Project(Path(folder), Settings(textfile_dir=Path("collected")))
    ...     print(Path(publish(shop, "churn", b"lamplighter_data_rows 1\n")).name)
    lamplighter-churn.prom
    """
    if (path := textfile_of(project, model)) is None:
        return ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text, mode=READABLE_BY_ALL)
    except OSError as error:
        what = f"{path} cannot be written: {error.strerror}"
        raise PublishError(what, where="gauges", fix="free or allow it") from None
    return str(path)


def withdraw(project: Project, model: str) -> None:
    """Remove the file of a model."""
    if path := textfile_of(project, model):
        remove(path)


def remove(path: Path) -> None:
    """Remove a file of gauges, where it is there.

    Raises
    ------
    PublishError
        If it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        what = f"{path} cannot be removed: {error.strerror}"
        raise PublishError(what, where="gauges", fix="remove it by hand") from None


def textfile_of(project: Project, model: str) -> Path | None:
    """Where the gauges of a model go; None where no folder is set.

    Examples
    --------
    >>> textfile_of(project, "churn") is None
    True
    """
    folder = project.settings.textfile_dir
    return project.root / folder / f"lamplighter-{model}.prom" if folder else None
