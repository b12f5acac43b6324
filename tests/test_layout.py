"""The checkout and the wheel: what each carries, and that the wheel does the whole job by itself."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
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


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def command(installed: Path, project: Path, *arguments: str, without: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command of the wheel: -S leaves out the editable install, the dependencies come by their folder."""
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    hidden = f"sys.modules[{without!r}] = None; " if without else ""
    script = f"import sys; sys.path[:0] = [{str(installed)!r}, {packages!r}]; {hidden}"
    script += "from lamplighter.command import main; main()"
    return subprocess.run(
        [sys.executable, "-S", "-c", script, *arguments],
        capture_output=True,
        text=True,
        cwd=project,
        env={"PATH": "", "PYTHONPATH": f"{installed}:{packages}", "LAMPLIGHTER_HISTORY_URL": ""},
        check=False,
    )


def test_the_wheel_puts_one_name_into_an_environment(installed: Path) -> None:
    tops = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
    assert tops == {"lamplighter"}


@pytest.mark.long
def test_the_wheel_does_the_whole_job_beside_a_package_called_tasks(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "__init__.py").write_text("raise RuntimeError('not ours')")
    times = pd.date_range("2026-03-01", periods=400, freq="30min", tz="UTC")
    late = [index % 3 == 0 for index in range(400)]
    table = {"id": range(400), "predicted_at": times, "minutes": range(400), "prediction": late, "y_true": late}
    pd.DataFrame(table).to_parquet(tmp_path / "log.parquet")
    for arguments, expected in (
        (("init", "log.parquet"), "written to"),
        (("validate",), "log is sound"),
        (("backfill", "log", "--from", "2026-03-06", "--to", "2026-03-07", "--reports", "1"), "2 windows ran"),
        (("status",), "2026-03-07"),
        (("report", "log"), ".html"),
        (("render",), "prefect.yaml: written"),
        (("render", "--rules", "rules"), "lamplighter-runs.yml: written"),
        (("render", "--dashboards", "boards"), "lamplighter-model.json: written"),
    ):
        done = command(installed, tmp_path, *arguments)
        assert (done.returncode, expected in done.stdout + done.stderr) == (0, True), done.stdout + done.stderr


def test_what_a_model_service_installs_says_what_the_command_needs(installed: Path, tmp_path: Path) -> None:
    done = command(installed, tmp_path, "status", without="click")
    line = "no module click: only the part for model services is installed; run `pip install 'lamplighter[app]'`"
    assert (done.returncode, done.stderr) == (2, f"lamplighter: {line}\n")


def test_constraints_name_versions_and_no_place() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]
    assert len(pinned) > 100
    assert all(line.count("==") == 1 and "/" not in line and "@" not in line for line in pinned)
