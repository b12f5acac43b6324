"""A time scale: what is watched in a minute is what takes an hour, and nothing else is another."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import yaml

from prometheus.alert import Alert
from prometheus.files import prometheus_files
from prometheus.rule_files import every_rule
from storage.project.observability import Observability
from tests.prometheus.tools import agreed

REAL, SCALED = Observability(), Observability().scaled(60)
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
SPAN = r"\b(\d+)(ms|[smhd])\b"


def spans(text: str) -> list[timedelta]:
    """The lengths of time in a text, in their order."""
    return [int(number) * timedelta(seconds=UNITS[unit]) for number, unit in re.findall(SPAN, text)]


def test_every_length_of_time_is_divided_and_nothing_else_is_changed() -> None:
    for real, scaled in zip(every_rule(REAL), every_rule(SCALED), strict=True):
        assert type(real) is type(scaled)
        assert real.name == scaled.name
        assert [span / 60 for span in spans(real.expr)] == spans(scaled.expr)
        bare_real, bare_scaled = (re.sub(SPAN, "", rule.expr) for rule in (real, scaled))
        numbers = r"(?<![\w.])\d+(?:\.\d+)?\b"
        for one, other in zip(re.findall(numbers, bare_real), re.findall(numbers, bare_scaled), strict=True):
            # Bounds of a time in seconds are lengths of time too, and begin at a minute.
            assert float(other) in (float(one), float(one) / 60), real.expr
        if isinstance(real, Alert) and isinstance(scaled, Alert):
            assert scaled.wait * 60 == real.wait
            assert real.severity == scaled.severity


def test_prometheus_and_alertmanager_load_what_is_scaled(promtool: str, amtool: str, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    for name, text in prometheus_files(SCALED).items():
        (tmp_path / name).write_text(text)
    agreed(promtool, "check", "config", tmp_path / "prometheus.yml")
    agreed(amtool, "check-config", tmp_path / "alertmanager.yml")
    scraped = yaml.safe_load((tmp_path / "prometheus.yml").read_text())["global"]
    assert (scraped["scrape_interval"], scraped["evaluation_interval"]) == ("250ms", "1s")
