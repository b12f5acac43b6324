"""What is shown of the machine, with what is there and with what is not."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from prometheus_client import CollectorRegistry

from lamplighter.serving import ModelInstruments, machine
from lamplighter.serving.ceiling import Ceiling, memory_ceiling
from lamplighter.serving.gpus import Gpus
from lamplighter.serving.machine import MachineCollector
from tests.lamplighter.serving.exposed_series import series_in, value


def registry_of(*models: str, **more: Any) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(MachineCollector(models, **more))
    return registry


def test_a_service_is_its_processes_and_their_children() -> None:
    registry = registry_of("churn")
    alone = value(registry, "service_memory_bytes", model="churn")
    child = subprocess.Popen([sys.executable, "-c", "x = b'1' * 50_000_000; print(1, flush=True); input()"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    try:
        assert child.stdout is not None
        child.stdout.readline()
        together = value(registry, "service_memory_bytes", model="churn")
        assert alone is not None
        assert together is not None
        assert together - alone > 40_000_000
    finally:
        child.communicate(b"\n")


class EndsMeanwhile(MachineCollector):
    """One of whose processes a worker ends after it was found, and before it is measured."""

    def _of_service(self) -> list[Any]:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        found = super()._of_service()
        assert child.pid in {process.pid for process in found}
        child.communicate(b"\n")
        return found


def test_a_worker_that_ends_while_another_starts_stops_nothing() -> None:
    registry = CollectorRegistry()
    registry.register(EndsMeanwhile(["churn"]))
    assert value(registry, "service_memory_bytes", model="churn")


def test_a_busy_core_is_one() -> None:
    registry = registry_of("churn")
    worker = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        series_in(registry)
        seen = []
        before, at = psutil.Process(worker.pid).cpu_times(), time.monotonic()
        while not seen or time.monotonic() < at + 0.5:
            seen.append(value(registry, "service_cpu_ratio", model="churn"))
        after, passed = psutil.Process(worker.pid).cpu_times(), time.monotonic() - at
    finally:
        worker.kill()
        worker.wait()
    used = (after.user + after.system - before.user - before.system) / passed
    # This process is busy as well: what it uses comes on top.
    assert 0.5 * used < max(number or 0 for number in seen) < used + 1.5


def test_the_host_is_what_psutil_says(tmp_path: Path) -> None:
    registry = registry_of("churn", disks=["/", str(tmp_path), str(tmp_path / "gone")])
    memory = psutil.virtual_memory()
    assert value(registry, "host_memory_used_ratio") == pytest.approx(1 - memory.available / memory.total, abs=0.2)
    usage = psutil.disk_usage("/")
    assert value(registry, "host_disk_used_ratio", path="/") == pytest.approx(usage.percent / 100, abs=0.02)
    assert value(registry, "host_disk_free_bytes", path=str(tmp_path)) is not None
    assert value(registry, "host_disk_free_bytes", path=str(tmp_path / "gone")) is None
    assert value(registry, "host_network_receive_bytes_total") is not None
    assert 0 <= (value(registry, "host_cpu_ratio") or 0.0) <= 1


def test_all_models_of_a_registry_share_one_look(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    ModelInstruments("churn", "1", registry=registry)
    ModelInstruments("delay", "1", registry=registry, disks=[str(tmp_path)])
    shown = [labels for name, labels in series_in(registry) if name == "service_memory_bytes"]
    assert sorted(dict(labels)["model"] for labels in shown) == ["churn", "delay"]
    paths = [dict(labels)["path"] for name, labels in series_in(registry) if name == "host_disk_free_bytes"]
    assert sorted(paths) == sorted(["/", str(tmp_path)])


@pytest.mark.parametrize("missing", ["psutil", "pynvml"])
def test_a_missing_extra_is_silent(missing: str) -> None:
    script = (
        f"import sys\nsys.modules[{missing!r}] = None\n"
        "from lamplighter.serving import ModelInstruments\nimport prometheus_client\n"
        "ModelInstruments('churn', '12')\nprint(prometheus_client.generate_latest().decode())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "model_service_info" in done.stdout
    assert ("host_memory_used_ratio" in done.stdout) == (missing != "psutil")
    assert done.stderr == ""


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="there is a GPU")
def test_a_machine_without_a_gpu_shows_none() -> None:
    pytest.importorskip("pynvml")
    assert list(Gpus().families()) == []


class NotSupported(Exception):
    pass


def two_gpus() -> Any:
    """The calls of NVIDIA's library as its documentation has them; the second GPU is a slice, which has no use."""

    def use_of(gpu: int) -> Any:
        if gpu == 1:
            raise NotSupported
        return SimpleNamespace(gpu=37, memory=12)

    return SimpleNamespace(
        NVMLError=NotSupported,
        NVML_TEMPERATURE_GPU=0,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetUtilizationRates=use_of,
        nvmlDeviceGetMemoryInfo=lambda gpu: SimpleNamespace(used=4 << 30, free=12 << 30, total=16 << 30),
        nvmlDeviceGetTemperature=lambda gpu, sensor: 61 + gpu,
    )


def test_gpus_are_read_as_the_library_documents_them(monkeypatch: pytest.MonkeyPatch) -> None:
    # No GPU is to be had for a test; a real driver may differ from its documentation.
    monkeypatch.setitem(sys.modules, "pynvml", two_gpus())
    registry = registry_of("churn")
    assert value(registry, "gpu_utilization_ratio", gpu="0") == 0.37
    assert value(registry, "gpu_utilization_ratio", gpu="1") is None
    assert value(registry, "gpu_memory_used_ratio", gpu="1") == 0.25
    assert value(registry, "gpu_temperature_celsius", gpu="1") == 62


def test_a_part_that_fails_is_left_out_and_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(pernic: bool) -> None:
        raise RuntimeError("no network here")

    monkeypatch.setattr(psutil, "net_io_counters", gone)
    registry = registry_of("churn")
    for _ in range(2):
        assert value(registry, "host_network_receive_bytes_total") is None
        assert value(registry, "service_memory_bytes") is not None
    assert len(caplog.records) == 1


GB = 1 << 30


def grouped(folder: Path, files: dict[str, str], own: str) -> tuple[Path, Path]:
    for name, content in files.items():
        path = folder / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (folder / "own").write_text(own)
    return folder / "groups", folder / "own"


@pytest.mark.parametrize(
    ("files", "own", "ceiling"),
    [
        pytest.param(
            {
                "memory.max": f"{4 * GB}\n",
                "memory.current": f"{3 * GB}\n",
                "memory.stat": f"anon 1\ninactive_file {GB}\n",
            },
            "0::/\n",
            Ceiling(2 * GB, 4 * GB),
            id="version 2, in a container",
        ),
        pytest.param(
            {
                "system.slice/memory.max": f"{8 * GB}\n",
                "system.slice/memory.current": f"{GB}\n",
                "system.slice/memory.stat": "inactive_file 0\n",
                "system.slice/model.service/memory.max": f"{2 * GB}\n",
                "system.slice/model.service/memory.current": f"{GB}\n",
                "system.slice/model.service/memory.stat": "inactive_file 0\n",
            },
            "0::/system.slice/model.service\n",
            Ceiling(GB, 2 * GB),
            id="version 2, a unit of systemd",
        ),
        pytest.param(
            {"memory.max": "max\n", "memory.current": "5\n", "memory.stat": ""}, "0::/\n", None, id="no limit"
        ),
        pytest.param(
            {
                "memory/memory.limit_in_bytes": f"{GB}\n",
                "memory/memory.usage_in_bytes": f"{GB}\n",
                "memory/memory.stat": f"cache 5\ntotal_inactive_file {GB // 4}\n",
            },
            "4:memory:/docker/abc\n3:cpu,cpuacct:/\n",
            Ceiling(GB - GB // 4, GB),
            id="version 1, the path is that of the host",
        ),
        pytest.param(
            {
                "memory/memory.limit_in_bytes": "9223372036854771712\n",
                "memory/memory.usage_in_bytes": "7\n",
                "memory/memory.stat": "",
            },
            "4:memory:/\n",
            None,
            id="version 1, no limit",
        ),
        pytest.param({}, "", None, id="no groups"),
    ],
)
def test_the_limit_of_a_container_is_the_ceiling(
    tmp_path: Path, files: dict[str, str], own: str, ceiling: Ceiling | None
) -> None:
    assert memory_ceiling(*grouped(tmp_path, files, own)) == ceiling


@pytest.mark.parametrize(("used", "shown"), [(1.0, 1.0), (0.0, None)])
def test_whichever_is_nearer_is_shown(monkeypatch: pytest.MonkeyPatch, used: float, shown: float | None) -> None:
    ceiling: Callable[[], Ceiling] = lambda: Ceiling(int(used * GB), GB)  # noqa: E731
    monkeypatch.setattr(machine, "memory_ceiling", ceiling)
    memory = psutil.virtual_memory()
    expected = 1 - memory.available / memory.total if shown is None else shown
    assert value(registry_of("churn"), "host_memory_used_ratio") == pytest.approx(expected, abs=0.2)
