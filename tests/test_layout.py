"""The checkout is the application, the wheel is the library."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["flows", "tasks", "storage", "dashboards", "prometheus", "examples"])
def test_generic_names_are_this_repositorys(name: str) -> None:
    module = __import__(name)
    places = [module.__file__] if module.__file__ else list(module.__path__)
    assert all(Path(place).is_relative_to(ROOT) for place in places)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", folder, ROOT], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_carries_the_library_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"lamplighter"}


def test_the_command_of_the_wheel_says_that_the_application_is_not_there(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    # -S leaves out the editable install; the dependencies come by their folder, without its .pth files.
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    script = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {packages!r}]; from lamplighter.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-S", "-c", script, "status"], capture_output=True, text=True, cwd=tmp_path, env={"PATH": ""}
    )
    assert done.returncode == 2
    assert done.stderr == (
        "lamplighter: the application is not installed, only the library; work in a checkout after `make setup`\n"
    )


def test_constraints_name_versions_and_no_place() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]
    assert len(pinned) > 100
    assert all(line.count("==") == 1 and "/" not in line and "@" not in line for line in pinned)
