"""What holds for every test: no connection beyond this machine, no telemetry, in child processes neither."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

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
