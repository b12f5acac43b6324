"""The machine below a model service: CPU, memory, files, disks and network by psutil, GPUs by NVIDIA's library.

Both are extras (`lamplighter[serving]`). Without one of them, or without a GPU, its metrics are not there, and nothing
fails. What is measured is measured when Prometheus asks.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from lamplighter.core.records.live import LIVE_BY_NAME
from lamplighter.serving.ceiling import memory_ceiling
from lamplighter.serving.faults import reported
from lamplighter.serving.gpus import Gpus
from lamplighter.serving.series import collector_of
from lamplighter.serving.several_workers import WORKERS, of_several_workers

SHORTEST = 0.2
"""Seconds between two measurements of CPU, whose counters have steps of 0.01 s: nearer ones show the last value."""

Family = CounterMetricFamily | GaugeMetricFamily


def family(name: str) -> Family:
    """A family of the table of live metrics, without values."""
    metric = LIVE_BY_NAME[name]
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    return kind(metric.name, metric.help, labels=metric.labels)


def alone() -> set[int]:
    """The processes of a service that has one."""
    return {os.getpid()}


class MachineCollector(Collector):
    """What the machine does, for the models that the service serves.

    Parameters
    ----------
    models : iterable of str
        Read at each look: a model that comes later is there, too.
    disks : iterable of str
        Paths whose disks are looked at.
    processes : callable
        The ids of the processes that are the service; their children belong to it.
    """

    def __init__(
        self, models: Iterable[str], disks: Iterable[str] = ("/",), processes: Callable[[], set[int]] = alone
    ) -> None:
        self.models, self.processes = models, processes
        self.disks = list(dict.fromkeys(disks))
        self._psutil: Any = None
        with suppress(ImportError):
            self._psutil = import_module("psutil")
        self._gpus = Gpus()
        self._lock = threading.Lock()
        self._at = time.monotonic()
        self._cpu: dict[int, float] = {}
        self._ratio = self._host = 0.0
        if self._psutil is not None:
            # What a process used before the first look says nothing about now.
            for process in self._of_service():
                with suppress(self._psutil.Error):
                    self._cpu[process.pid] = _cpu_of(process)
            self._times = self._psutil.cpu_times()

    def describe(self) -> list[Metric]:
        """None: what there is depends on the machine, and no other metric has these names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All that can be measured; a part that fails is left out, and the log says so once."""
        parts: list[Callable[[], Iterator[Metric]]] = [self._gpus.families]
        if self._psutil is not None:
            parts += [self._service, self._host_cpu, self._memory, self._disk, self._network]
        for part in parts:
            with self._lock:
                try:
                    families = list(part())
                except Exception as fault:
                    reported("machine", fault)
                    continue
            yield from families

    def _of_service(self) -> list[Any]:
        """The processes of the service and all below them, each once."""
        found: dict[int, Any] = {}
        for pid in self.processes():
            with suppress(self._psutil.Error):
                process = self._psutil.Process(pid)
                for one in [process, *process.children(recursive=True)]:
                    found[one.pid] = one
        return list(found.values())

    def _service(self) -> Iterator[Metric]:
        cpu: dict[int, float] = {}
        memory = files = 0
        for process in self._of_service():
            # A process may end while it is looked at.
            with suppress(self._psutil.Error), process.oneshot():
                cpu[process.pid] = _cpu_of(process)
                memory += process.memory_info().rss
                files += _files_of(process)
        now = time.monotonic()
        if (passed := now - self._at) >= SHORTEST:
            used = sum(max(seconds - self._cpu.get(pid, 0.0), 0.0) for pid, seconds in cpu.items())
            self._ratio, self._at, self._cpu = used / passed, now, cpu
        shown = {"service_cpu_ratio": self._ratio, "service_memory_bytes": memory, "service_open_files": files}
        for name, value in shown.items():
            metric = family(name)
            for model in list(self.models):
                metric.add_metric([model], value)
            yield metric

    def _host_cpu(self) -> Iterator[Metric]:
        before, now = self._times, self._psutil.cpu_times()
        passed = _total(now) - _total(before)
        if passed >= SHORTEST:
            idle = now.idle + getattr(now, "iowait", 0.0) - before.idle - getattr(before, "iowait", 0.0)
            self._host, self._times = min(max(1 - idle / passed, 0.0), 1.0), now
        yield _of_one("host_cpu_ratio", self._host)

    def _memory(self) -> Iterator[Metric]:
        memory = self._psutil.virtual_memory()
        used = 1 - memory.available / memory.total
        if ceiling := memory_ceiling():
            # Whichever is nearer ends the service.
            used = max(used, ceiling.used / ceiling.limit)
        yield _of_one("host_memory_used_ratio", used)

    def _disk(self) -> Iterator[Metric]:
        used, free = family("host_disk_used_ratio"), family("host_disk_free_bytes")
        for path in self.disks:
            try:
                usage = self._psutil.disk_usage(path)
            except OSError as fault:
                reported(f"disk {path}", fault)
                continue
            used.add_metric([path], usage.percent / 100)
            free.add_metric([path], usage.free)
        yield from (used, free)

    def _network(self) -> Iterator[Metric]:
        cards = self._psutil.net_io_counters(pernic=True)
        # What a machine sends to itself crosses no network.
        real = [counters for name, counters in cards.items() if name not in ("lo", "lo0")]
        yield _of_one("host_network_receive_bytes_total", sum(counters.bytes_recv for counters in real))
        yield _of_one("host_network_transmit_bytes_total", sum(counters.bytes_sent for counters in real))


def _of_one(name: str, value: float) -> Metric:
    metric = family(name)
    metric.add_metric([], value)
    return metric


def _cpu_of(process: Any) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _files_of(process: Any) -> int:
    return int(process.num_fds() if hasattr(process, "num_fds") else process.num_handles())


def _total(times: Any) -> float:
    # Time of guests is in that of the user already.
    return float(sum(times)) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)


def watch_machine(registry: CollectorRegistry, disks: Iterable[str]) -> None:
    """Have a registry show the machine, once, with the disks of all that ask for some."""
    collector = collector_of(registry)
    machine = collector.machine
    if not isinstance(machine, MachineCollector):
        machine = MachineCollector(collector.models, (), _workers if of_several_workers() else alone)
        collector.machine = machine
        registry.register(machine)
    machine.disks = list(dict.fromkeys([*machine.disks, *map(str, disks)]))


def _workers() -> set[int]:
    from lamplighter.serving.workers import living

    return living(Path(os.environ[WORKERS])) | alone()
