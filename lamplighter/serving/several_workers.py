"""Whether a service has several workers, which `prometheus_client` collects together."""

from __future__ import annotations

from prometheus_client import values

WORKERS = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder which the workers of a service share; `prometheus_client` reads it at import."""


def of_several_workers() -> bool:
    """Whether this process is one of several that `prometheus_client` collects together.

    Examples
    --------
    >>> of_several_workers()
    False
    """
    return bool(getattr(values.ValueClass, "_multiprocess", False))
