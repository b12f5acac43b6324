"""Alerts on what services and exporters say of their machines.

A service with the extra `serving` measures its own host; node_exporter and NVIDIA's DCGM exporter do it where they run.
Each alert takes what there is.
"""

from __future__ import annotations

from collections.abc import Iterable

from lamplighter.core.records.live import LIVE_BY_NAME
from prometheus.alert import Alert
from prometheus.queries import quoted
from prometheus.spans import in_words, promql, seconds
from storage.project.observability import Observability

CPU = LIVE_BY_NAME["host_cpu_ratio"].name
MEMORY = LIVE_BY_NAME["host_memory_used_ratio"].name
DISK_USED = LIVE_BY_NAME["host_disk_used_ratio"].name
DISK_FREE = LIVE_BY_NAME["host_disk_free_bytes"].name
GPU = LIVE_BY_NAME["gpu_utilization_ratio"].name

FOREIGN = frozenset(
    {
        "up",
        "node_cpu_seconds_total",
        "node_memory_MemAvailable_bytes",
        "node_memory_MemTotal_bytes",
        "node_filesystem_avail_bytes",
        "node_filesystem_size_bytes",
        "DCGM_FI_DEV_GPU_UTIL",
    }
)
"""What rules read that no table of ours has."""

SHARE = "{{ $value | humanizePercentage }}"

MACHINE = "{{ or $labels.host $labels.instance }}"
DISK = "{{ or $labels.path $labels.mountpoint }}"


def machine_alerts(config: Observability) -> tuple[Alert, ...]:
    """The alerts on CPU, GPU, memory and disks.

    Examples
    --------
    >>> [alert.name for alert in machine_alerts(Observability())][:3]
    ['LamplighterCpuBusy', 'LamplighterGpuBusy', 'LamplighterMemoryShort']
    """
    own = config.machines
    busy, short, full = (_beyond(ratio) for ratio in (own.busy_ratio, own.memory_ratio, own.disk_ratio))
    return (
        Alert(
            "LamplighterCpuBusy",
            _either(_cpu(config), own.busy_ratio),
            own.busy_after,
            config.warning,
            f"The CPU of {MACHINE} is busy",
            f"{SHARE} of the CPU of {MACHINE} is in use, and for {in_words(own.busy_after)} {busy}.",
            is_of_model=False,
        ),
        Alert(
            "LamplighterGpuBusy",
            _either(_gpu(config), own.busy_ratio),
            own.busy_after,
            config.warning,
            f"GPU {{{{ $labels.gpu }}}} of {MACHINE} is busy",
            f"GPU {{{{ $labels.gpu }}}} of {MACHINE} is in use for {SHARE} of the time, and for "
            f"{in_words(own.busy_after)} {busy}.",
            is_of_model=False,
        ),
        Alert(
            "LamplighterMemoryShort",
            _either(_memory(config), own.memory_ratio),
            own.memory_after,
            config.critical,
            f"The memory of {MACHINE} is short",
            f"{SHARE} of the memory of {MACHINE} is in use, and for {in_words(own.memory_after)} {short}.",
            is_of_model=False,
        ),
        Alert(
            "LamplighterDiskFilling",
            _filling(config),
            own.disk_after,
            config.warning,
            f"The disk {DISK} of {MACHINE} will be full within {in_words(own.disk_ahead)}",
            f"{SHARE} of the disk {DISK} of {MACHINE} is in use. As it grew in the last {in_words(own.disk_window)}, "
            f"it is full within {in_words(own.disk_ahead)}.",
            is_of_model=False,
        ),
        Alert(
            "LamplighterDiskFull",
            _either(_disk_used(config), own.disk_ratio),
            own.disk_after,
            config.critical,
            f"The disk {DISK} of {MACHINE} is full",
            f"{SHARE} of the disk {DISK} of {MACHINE} is in use, and for {in_words(own.disk_after)} {full}.",
            is_of_model=False,
        ),
    )


def _either(shares: Iterable[str], limit: float) -> str:
    return "\n  or\n".join(f"{share} > {limit:g}" for share in shares)


def _beyond(ratio: float) -> str:
    return f"more than {100 * ratio:g} %"


def _cpu(config: Observability) -> tuple[str, str]:
    window, kept = promql(config.machines.window), ", ".join(("job", "instance", *config.keep))
    idle = config.selector("node_cpu_seconds_total", 'mode="idle"')
    return (
        f"avg_over_time({config.selector(CPU)}[{window}])",
        f"1 - avg by ({kept}) (rate({idle}[{window}]))",
    )


def _gpu(config: Observability) -> tuple[str, str]:
    """Of both exporters; that of NVIDIA calls the machine `Hostname`, since May 2026 `hostname`, and counts to 100."""
    window, kept = promql(config.machines.window), ", ".join(("job", "instance", "host", "gpu", *config.keep))
    named = f"avg_over_time({config.selector('DCGM_FI_DEV_GPU_UTIL')}[{window}])"
    for label in ("Hostname", "hostname"):
        named = f'label_replace({named}, "host", "$1", "{label}", "(.+)")'
    return f"avg_over_time({config.selector(GPU)}[{window}])", f"max by ({kept}) ({named}) / 100"


def _memory(config: Observability) -> tuple[str, str]:
    free, whole = map(config.selector, ("node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"))
    return config.selector(MEMORY), f"1 - {free} / {whole}"


def _disk_used(config: Observability) -> tuple[str, str]:
    free, whole = (_filesystem(config, f"node_filesystem_{of}_bytes") for of in ("avail", "size"))
    return config.selector(DISK_USED), f"1 - {free} / {whole}"


def _filling(config: Observability) -> str:
    """How much of the disks is used that will be full, where it is not little: logs grow and are removed again."""
    own = config.machines
    span, ahead = promql(own.disk_window), seconds(own.disk_ahead)
    free = config.selector(DISK_FREE), _filesystem(config, "node_filesystem_avail_bytes")
    return "\n  or\n".join(
        f"{used} > {own.disk_from_ratio:g} and predict_linear({left}[{span}], {ahead}) < 0"
        for used, left in zip(_disk_used(config), free, strict=True)
    )


def _filesystem(config: Observability, metric: str) -> str:
    return config.selector(metric, f"fstype!~{quoted(config.machines.filesystems)}")
