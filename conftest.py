"""What holds for every test: no connection beyond this machine, no telemetry, in child processes neither."""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

LOOPBACK = Path(__file__).parent / "tests" / "loopback"
IN_MEMORY, ENOUGH = "/dev/shm", 4 << 30
"""Where temporary folders lie if there is so much room: a run commits a dozen times, and a disk takes 4 ms for each."""

if os.path.isdir(IN_MEMORY) and os.access(IN_MEMORY, os.W_OK) and "TMPDIR" not in os.environ:
    room = os.statvfs(IN_MEMORY)
    if room.f_bavail * room.f_frsize > ENOUGH and not room.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = IN_MEMORY

os.environ["PYTHONPATH"] = os.pathsep.join([str(LOOPBACK), *filter(None, [os.environ.get("PYTHONPATH")])])
os.environ["DO_NOT_TRACK"] = "1"
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
for name in [name for name in os.environ if name.startswith("LAMPLIGHTER_") or name == "PREFECT_API_URL"]:
    del os.environ[name]

_spec = importlib.util.spec_from_file_location("loopback_guard", LOOPBACK / "sitecustomize.py")
assert _spec is not None
assert _spec.loader is not None
_spec.loader.exec_module(importlib.util.module_from_spec(_spec))

NEED_A_PROJECT = ("storage", "tasks", "flows", "lamplighter/cli", "lamplighter/evidently", "dashboards")
"""Where examples in docstrings may use the names of `tests.example_world`."""

TOGETHER = (
    ("tests/flows/test_deployed.py::test_the_whole_loop", "Prefect on PostgreSQL"),
    ("tests/flows/test_deployed.py", "Prefect"),
    ("tests/flows/test_flows.py", "Prefect"),
    ("tests/tasks/test_prefect.py", "Prefect"),
    ("tests/tasks/doctor/test_of_server.py", "Prefect"),
    ("tests/examples", "the flights"),
    *((place, "examples in docstrings") for place in (*NEED_A_PROJECT, "tests/dashboards")),
)
"""Tests that share what takes long to start or to make run in one process; all others by file."""

LONGEST_FIRST = (
    "Prefect on PostgreSQL",
    "Prefect",
    "tests/flows",
    "the flights",
    "tests/lamplighter/cli",
    "examples in docstrings",
)
"""Where tests run longest, waiting for servers and processes: begun last, they would keep one core waiting alone."""


def scope_of(place: str) -> str:
    """What runs in one process: a name in `TOGETHER`, or a file."""
    return next((name for begin, name in TOGETHER if place.startswith(begin)), place.partition("::")[0])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what is compiled of this checkout: hundreds of processes would compile it anew, where none may keep any.

    What tests write themselves is compiled later, and kept only where Python may: of two files of one size that follow
    each other within a second, the second would be taken for the first.
    """
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    try:
        return (yield)
    finally:
        sys.dont_write_bytecode = kept


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have what takes longest begin first; within a scope the order stays."""

    def rank(item: pytest.Item) -> int:
        scope = scope_of(item.nodeid)
        return next((i for i, begin in enumerate(LONGEST_FIRST) if scope.startswith(begin)), len(LONGEST_FIRST))

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """Look for garbage seldom, and never again among what was imported: that takes an eighth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000)


def pytest_sessionfinish() -> None:
    """Look for what was left open once: pytest would go ten times over all that a thousand tests keep."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand whole scopes to the processes, in the order of the items."""
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    scheduling = LoadScopeScheduling(config, log)
    scheduling._split_scope = scope_of
    return scheduling


@pytest.fixture(scope="session")
def example_names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The names that examples use, of a project that was run."""
    from tests import example_world

    return example_world.make(tmp_path_factory.mktemp("shop"))


@pytest.fixture(autouse=True)
def _names_of_examples(request: pytest.FixtureRequest) -> None:
    if isinstance(request.node, pytest.DoctestItem):
        path = request.node.path.relative_to(Path(__file__).parent).as_posix()
        if path.startswith(NEED_A_PROJECT):
            request.getfixturevalue("doctest_namespace").update(request.getfixturevalue("example_names"))
