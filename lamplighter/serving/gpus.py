"""The GPUs of a machine by NVIDIA's library; silent without it, without a driver and without a GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from lamplighter.core.records.live import LIVE_BY_NAME

READ: dict[str, Callable[[Any, Any], float]] = {
    "gpu_utilization_ratio": lambda nvml, gpu: nvml.nvmlDeviceGetUtilizationRates(gpu).gpu / 100,
    "gpu_memory_used_ratio": lambda nvml, gpu: _share(nvml.nvmlDeviceGetMemoryInfo(gpu)),
    "gpu_temperature_celsius": lambda nvml, gpu: nvml.nvmlDeviceGetTemperature(gpu, nvml.NVML_TEMPERATURE_GPU),
}


class Gpus:
    """The GPUs of this machine."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._asked = False

    def families(self) -> Iterator[Metric]:
        """Use, memory and temperature of each GPU, by its number; what one does not tell is left out."""
        if not self._asked:
            self._asked = True
            self._nvml = _nvml()
        if self._nvml is None:
            return
        gpus = [self._nvml.nvmlDeviceGetHandleByIndex(i) for i in range(self._nvml.nvmlDeviceGetCount())]
        for name, read in READ.items():
            metric = LIVE_BY_NAME[name]
            family = GaugeMetricFamily(name, metric.help, labels=metric.labels)
            for number, gpu in enumerate(gpus):
                # A slice of a GPU has no use of its own, and some have no thermometer.
                with suppress(self._nvml.NVMLError):
                    family.add_metric([str(number)], read(self._nvml, gpu))
            if family.samples:
                yield family


def _nvml() -> Any:
    """NVIDIA's library, ready; None where there is no driver."""
    try:
        nvml = import_module("pynvml")
    except ImportError:
        return None
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return None
    return nvml


def _share(memory: Any) -> float:
    return float(memory.used / memory.total)
