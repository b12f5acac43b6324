"""`lamplighter render`: pages are complete, what is stale is named, what is committed is up to date."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from lamplighter.cli import cli
from lamplighter.cli.reference import monitor_page, reference_pages, settings_page
from lamplighter.cli.render import checkout_files
from lamplighter.core.evaluation.gauges import GAUGES
from lamplighter.core.monitor.schema import monitor_schema
from lamplighter.core.records.catalogue import ARRIVAL_METRICS, INPUT_METRICS, LABEL_METRICS, QUALITY_METRICS
from lamplighter.core.records.image_statistics import IMAGE_STATISTICS
from lamplighter.core.records.live import LIVE
from prometheus.rule_files import RULE_FILES
from storage.project.settings import Settings

CHECKOUT = Path(__file__).parents[3]


def _keys() -> Iterator[str]:
    schema = monitor_schema()
    for section in (schema, *schema["$defs"].values()):
        yield from section.get("properties", {})


def test_every_setting_has_a_meaning() -> None:
    assert [line for line in settings_page().splitlines() if re.search(r"\|\s*\|$", line)] == []


def test_pages_name_everything() -> None:
    pages = reference_pages()
    for metric in (*QUALITY_METRICS, *INPUT_METRICS, *LABEL_METRICS, *ARRIVAL_METRICS):
        assert f"| `{metric}` |" in pages["metrics.md"]
    for gauge in GAUGES:
        assert f"| `{gauge.name}` |" in pages["gauges.md"]
    for live in LIVE:
        assert f"| `{live.name}` | {live.kind} |" in pages["live-metrics.md"]
    for statistic in IMAGE_STATISTICS:
        assert f"| `{statistic}` |" in pages["image-statistics.md"]
    for key in _keys():
        assert f"`{key}`" in pages["monitor.md"]
    for key in Settings.model_fields:
        assert f"| `{key}` | `LAMPLIGHTER_{key.upper()}` |" in pages["settings.md"]


def test_links_within_the_monitor_page_lead_somewhere() -> None:
    page = monitor_page()
    targets = {heading.replace(".", "") for heading in re.findall(r"^## (.+)$", page, re.MULTILINE)}
    links = re.findall(r"\(#([^)]+)\)", page)
    assert links
    assert set(links) <= targets


def test_tables_have_as_many_cells_as_heads() -> None:
    for name, page in reference_pages().items():
        for block in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(cells) == 1, (name, block[:200])


def test_links_of_the_documentation_lead_somewhere() -> None:
    for page in (CHECKOUT / "docs").rglob("*.md"):
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            assert "://" in link or (page.parent / link).exists(), (page.name, link)


def _run(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(project), "render", *arguments])


def test_render_writes_and_then_finds_nothing_stale(tmp_path: Path) -> None:
    docs = tmp_path / "reference"
    written = _run(tmp_path, "--docs", str(docs))
    assert written.exit_code == 0, written.output
    assert sorted(path.name for path in docs.iterdir()) == sorted(reference_pages())
    schema = tmp_path / "monitors" / "monitor.schema.json"
    assert schema.read_bytes() == (docs / "monitor.schema.json").read_bytes()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert _run(tmp_path, "--docs", str(docs), "--check").exit_code == 0
    assert "9 of 9" in _run(tmp_path, "--docs", str(docs)).output
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_check_names_what_is_stale_and_writes_nothing(tmp_path: Path) -> None:
    absent = _run(tmp_path, "--check")
    assert absent.exit_code == 1
    assert "monitor.schema.json: stale or absent" in absent.output
    assert list(tmp_path.iterdir()) == []
    _run(tmp_path)
    schema = tmp_path / "monitors" / "monitor.schema.json"
    schema.write_text(schema.read_text() + " ")
    edited = schema.read_bytes()
    assert _run(tmp_path, "--check").exit_code == 1
    assert schema.read_bytes() == edited


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    result = _run(tmp_path, "--docs", str(tmp_path / "taken"))
    assert result.exit_code == 2
    assert re.fullmatch(r"lamplighter: render: .* cannot be written: .*\n", result.output)


def test_what_is_committed_is_not_stale() -> None:
    files = checkout_files()
    assert {path.relative_to(CHECKOUT).parts[0] for path in files} == {"docs", "prometheus", "dashboards"}
    stale = [path for path, text in files.items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run `lamplighter -C examples/flights render --checkout`"


MONITOR = """
model: {name}
kind: classification
every: 1h
timezone: Europe/Berlin
tags: {{owner: ops}}
predictions: {{sql: {{url: "${{NO_SUCH_VARIABLE}}", table: p}}, time: t, prediction: y}}
"""


def test_a_deployment_for_each_monitor_and_one_each_by_hand(tmp_path: Path) -> None:
    (tmp_path / "monitors").mkdir()
    for name in ("second", "first"):
        (tmp_path / "monitors" / f"{name}.yaml").write_text(MONITOR.format(name=name))
    assert _run(tmp_path).exit_code == 0
    content = yaml.safe_load((tmp_path / "prefect.yaml").read_text())
    assert [entry["name"] for entry in content["deployments"]] == ["first", "second", "backfill", "retrain"]
    first, retrain = content["deployments"][0], content["deployments"][-1]
    assert first["schedules"] == [{"cron": "15 * * * *", "timezone": "Europe/Berlin", "active": True}]
    assert first["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}
    assert (first["parameters"], first["tags"]) == ({"model": "first"}, ["lamplighter", "classification", "owner:ops"])
    assert retrain["schedules"] == []
    assert all((CHECKOUT / entry["entrypoint"].partition(":")[0]).is_file() for entry in content["deployments"])
    (tmp_path / "monitors" / "first.yaml").write_text("model: first\nkind: nothing\n")
    broken = _run(tmp_path)
    assert (broken.exit_code, "monitors/first.yaml:2: kind: 'nothing' cannot be chosen" in broken.output) == (2, True)


def project_of_two(folder: Path) -> None:
    """Two monitors in a project."""
    (folder / "monitors").mkdir()
    for name in ("second", "first"):
        (folder / "monitors" / f"{name}.yaml").write_text(MONITOR.format(name=name))


def test_rules_and_a_dashboard_of_a_project(tmp_path: Path) -> None:
    project_of_two(tmp_path)
    (tmp_path / "lamplighter.toml").write_text(
        '[observability]\nrunbook_url = "https://wiki.example.org/models"\nlargest = 3\ndashboard_uid = "ours"\n'
    )
    out = tmp_path / "out"
    options = ("--rules", str(out / "rules"), "--dashboards", str(out / "boards"))
    written = _run(tmp_path, *options)
    assert written.exit_code == 0, written.output
    assert (
        "https://wiki.example.org/models#lamplighterrunmissing" in (out / "rules" / "lamplighter-runs.yml").read_text()
    )
    board = json.loads((out / "boards" / "lamplighter-model.json").read_text())
    assert board["uid"] == "ours"
    assert "Quality" not in {panel["title"] for panel in board["panels"] if panel["type"] != "row"}, (
        "there are no labels"
    )
    assert "runbook_url" not in written.output
    assert _run(tmp_path, *options, "--check").exit_code == 0
    (tmp_path / "lamplighter.toml").unlink()
    stale = _run(tmp_path, *options, "--check")
    rules = [f"lamplighter-{name}.yml" for name in RULE_FILES]
    assert (stale.exit_code, stale.output.count("stale or absent")) == (1, len(rules) + 4)


def test_a_file_of_prometheus_that_was_edited_by_hand_is_named(tmp_path: Path) -> None:
    out = tmp_path / "out"
    written = _run(tmp_path, "--prometheus", str(out))
    assert (written.exit_code, written.output.count("\n")) == (0, 9)
    assert f"{tmp_path / 'lamplighter.toml'}: runbook_url is not set" in written.stderr
    assert "runbook_url" not in _run(tmp_path).output
    files = {f"{path.relative_to(out)}" for path in out.rglob("*.yml")}
    assert files == {"prometheus.yml", "alertmanager.yml", *(f"rules/{name}.yml" for name in RULE_FILES)}
    assert _run(tmp_path, "--prometheus", str(out), "--check").exit_code == 0
    # A scale is another rendering: what runs by it is not taken for the real one.
    scaled = _run(tmp_path, "--prometheus", str(out), "--time-scale", "60", "--check")
    assert (scaled.exit_code, scaled.output.count("stale or absent")) == (1, len(files))
    for name in sorted(files):
        (out / name).write_text((out / name).read_text().replace("m", "n", 1))
        edited = _run(tmp_path, "--prometheus", str(out), "--check")
        assert (edited.exit_code, f"{out / name}: stale or absent" in edited.output) == (1, True)
        _run(tmp_path, "--prometheus", str(out))
    alone = _run(tmp_path, "--time-scale", "60")
    assert (alone.exit_code, "--time-scale is of --rules and --prometheus" in alone.output) == (2, True)
    for scale in ("0.5", "nan", "inf", "1e12"):
        refused = _run(tmp_path, "--prometheus", str(out), "--time-scale", scale)
        assert (refused.exit_code, "is not in the range 1<=x<=1000" in refused.output) == (2, True), scale


@pytest.mark.parametrize("option", ["--rules", "--dashboards"])
def test_an_unknown_key_is_one_line_and_nothing_is_written(tmp_path: Path, option: str) -> None:
    project_of_two(tmp_path)
    (tmp_path / "lamplighter.toml").write_text("[observability]\nlargst = 3\n")
    before = sorted(tmp_path.rglob("*"))
    result = _run(tmp_path, option, str(tmp_path / "out"))
    assert result.exit_code == 2
    assert re.fullmatch(r"lamplighter: .*toml:2: unknown key 'largst' .* did you mean 'largest'\?.*\n", result.output)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_project_without_monitors_has_rules_and_no_dashboard(tmp_path: Path) -> None:
    assert _run(tmp_path, "--rules", str(tmp_path / "rules")).exit_code == 0
    assert (tmp_path / "rules" / "lamplighter-runs.yml").read_bytes() == (
        CHECKOUT / "prometheus" / "rules" / "runs.yml"
    ).read_bytes()
    result = _run(tmp_path, "--dashboards", str(tmp_path / "boards"))
    assert (result.exit_code, "no monitor files (*.yaml); `lamplighter init` writes one" in result.output) == (2, True)


def test_without_the_extra_a_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project_of_two(tmp_path)
    for name in [name for name in sys.modules if name.startswith("dashboards.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "grafana_foundation_sdk", None)
    for name in [name for name in sys.modules if name.startswith("grafana_foundation_sdk.")]:
        monkeypatch.delitem(sys.modules, name)
    result = _run(tmp_path, "--dashboards", str(tmp_path / "boards"))
    line = "render --dashboards: no module grafana_foundation_sdk; run `pip install 'lamplighter[dashboards]'`"
    assert (result.exit_code, result.output) == (2, f"lamplighter: {line}\n")
