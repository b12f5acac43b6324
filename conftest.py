"""What holds for every test: no connection beyond this machine, no telemetry, in child processes neither."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

LOOPBACK = Path(__file__).parent / "tests" / "loopback"

os.environ["PYTHONPATH"] = os.pathsep.join([str(LOOPBACK), *filter(None, [os.environ.get("PYTHONPATH")])])
os.environ["DO_NOT_TRACK"] = "1"
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
for name in [name for name in os.environ if name.startswith("LAMPLIGHTER_") or name == "PREFECT_API_URL"]:
    del os.environ[name]

_spec = importlib.util.spec_from_file_location("loopback_guard", LOOPBACK / "sitecustomize.py")
assert _spec is not None
assert _spec.loader is not None
_spec.loader.exec_module(importlib.util.module_from_spec(_spec))

LONGEST_FIRST = ("tests/flows/test_deployed.py", "tests/flows", "tests/lamplighter/cli", "tests/examples")
"""Where tests run longest, waiting for servers and processes: begun last, they would keep one core waiting alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the long files begin first; within a file the order stays."""
    root = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(root).as_posix()
        return next((i for i, begin in enumerate(LONGEST_FIRST) if path.startswith(begin)), len(LONGEST_FIRST))

    items.sort(key=rank)


NEED_A_PROJECT = ("storage", "tasks", "flows", "lamplighter/cli", "lamplighter/evidently", "dashboards")
"""Where examples in docstrings may use the names of `tests.example_world`."""


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
