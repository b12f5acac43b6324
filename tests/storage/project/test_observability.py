"""The section [observability]: its defaults, what it refuses, and in which words."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from lamplighter.cli.reference import settings_page
from lamplighter.core.evaluation.gauges import GAUGES, INFO
from lamplighter.core.records.live import LIVE
from lamplighter.errors import MonitorError
from storage.project.folder import Project
from storage.project.observability import Observability, load_observability
from storage.project.observability_alerting import Alertmanager, Owner, Receiver, Scraping
from storage.project.observability_fields import OF_GAUGES, OF_SERVICES, config_section_of
from storage.project.observability_live import Live, Machines
from storage.project.relay import relay_receivers
from storage.project.settings import load_settings


def load(folder: Path, text: str) -> Observability:
    (folder / "lamplighter.toml").write_text(text)
    return load_observability(folder)


def test_without_a_section_or_a_file_it_is_the_defaults(tmp_path: Path) -> None:
    assert load_observability(tmp_path) == load(tmp_path, 'home = "kept"\n') == Observability()


def test_a_section_is_read_beside_the_settings(tmp_path: Path) -> None:
    text = 'home = "kept"\n[observability]\nalert_after = "1h"\n[observability.match]\ncluster = "eu"\n'
    config = load(tmp_path, text)
    assert (config.alert_after, config.match) == (timedelta(hours=1), {"cluster": "eu"})
    assert load_settings(tmp_path).home == Path("kept")


PAGE = "is not the address of a page; write one such as https://wiki.example.org/lamplighter"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("largst = 3", ":3: unknown key 'largst' of [observability]; did you mean 'largest'? known: match, "),
        ("largest = 0", ":3: [observability] largest: should be greater than or equal to 1"),
        ("largest = true", ":3: [observability] largest: should be a valid integer"),
        ("overdue_factor = nan", ":3: [observability] overdue_factor: should be less than or equal to 10"),
        ("look_back = 3", ":3: [observability] look_back: should be a length of time such as 15m, 26h or 3d"),
        ("look_back = '3 days'", "look_back: '3 days' is not a length of time; write 90m, 12h, 3d or 2w"),
        ("gone_after = '0h'", "gone_after: should be longer than nothing"),
        ("overdue_at_least = '40d'", "overdue_at_least (40d) is longer than overdue_at_most (36d); raise the latter"),
        ("critical = ''", "critical: should be a text of one line, without {{"),
        ("dashboard_title = 'a {{ b'", "dashboard_title: should be a text of one line, without {{"),
        ("dashboard_uid = 'a b'", "dashboard_uid: should be at most 40 of letters, digits, - and _"),
        ("dashboard_uid = ''", "dashboard_uid: should be a text of one line"),
        ("match = 'eu'", "match: should be a valid dictionary"),
        ("match = {model = 'm'}", "match: 'model' is a label that panels choose by; match one that"),
        (
            "match = {instance = 'm'}",
            "match: 'instance' is a label that panels choose by; match one that",
        ),
        ("match = {'a b' = 'm'}", "match: 'a b' is no name of a label; use letters, digits and _"),
        ("match = {cluster = '$model'}", "match: the value of 'cluster' holds $ or [[, which Grafana would replace"),
        ("alert_labels = {team = 3}", "alert_labels.team: should be a valid string"),
        ("alert_labels = {team = ''}", "alert_labels: label 'team' is empty"),
        ("alert_labels = {severity = 'page'}", "alert_labels: 'severity' is a label that every alert has already"),
        ("alert_labels = {__name__ = 'x'}", "alert_labels: '__name__' is no name of a label"),
        ("alert_labels = {team = '{{ $labels.model'}", "alert_labels: label 'team' holds {{, which Prometheus would"),
        (
            "alert_labels = {instance = 'x'}",
            "alert_labels: 'instance' is a label that tells alerts apart; choose another",
        ),
        ("alert_labels = {zone = 'x'}\nkeep = ['zone']", "'zone' is in keep and in alert_labels, which replaces it"),
        (
            "keep = ['job']",
            "keep.0: 'job' is a label that rules choose by; keep one that Prometheus adds to all targets",
        ),
        ("alert_after = '4d'", "gone_within (3d) ends before alert_after (4d) has passed; raise the former"),
        ("runbook_url = 'javascript:alert(1)'", f"runbook_url: {PAGE}"),
        ("runbook_url = 'docs/how-to.md'", f"runbook_url: {PAGE}"),
        ("runbook_url = 'https://[wiki'", f"runbook_url: {PAGE}"),
        ("runbook_url = 'https://user:word@wiki/page'", "runbook_url: takes no user and no fragment"),
        ("runbook_url = 'https://wiki/page#here'", "runbook_url: takes no user and no fragment"),
        ("runbook_url = 'https://wiki/{{ x }}'", "runbook_url: takes no blank, quote or brace"),
        ("runbook_url = 'https://wiki/a b'", "runbook_url: takes no blank, quote or brace"),
        (
            "[observability.live]\nlatency = 3",
            ":4: unknown key 'latency' of [observability.live]; did you mean",
        ),
        ("[observability.live]\nerror_ratio = 1.5", ":4: [observability] live.error_ratio: should be less than 1"),
        ("[observability.live]\npage = {'1h' = 7}", "live.page: the share for 1h should lie between 0 and 1"),
        (
            "[observability.live]\npage = {'1h' = 0.5}",
            "live: 0.5 of the failures allowed for 30d cannot be used up",
        ),
        ("[observability.live]\npage = {'soon' = 0.5}", "live.page.soon: 'soon' is not a length of time; write 90m"),
        ("live = 3", ":3: [observability] live: is a section; write [observability.live]"),
        (
            "[observability.scrape]\nnodes = ['here']",
            "scrape.nodes.0: 'here' is no host with a port",
        ),
        ("keep = ['a b']", "keep.0: 'a b' is no name of a label"),
        ("[observability.live]\nrate_window = '15s'", "live.rate_window (15s) holds fewer than two values"),
        ("[observability.scrape]\ninterval = '1h'", "fewer than two values of what is asked for every 1h, so no rate"),
        (
            "[observability.live]\njob = 'node'",
            "machines.job and live.job are both 'node', and Prometheus takes a name",
        ),
        ("[observability.machines]\nfilesystems = '('", "machines.filesystems: '(' is no regular expression"),
        ("[observability.machines]\nfilesystems = '(?!ext4)'", "machines.filesystems: '(?!ext4)' looks around"),
        ("match = {device = 'sda'}", "match: 'device' is a label that panels choose by"),
        ("[observability.scrape.plain_services]\n'' = ['a:1']", "should be a text of one line"),
        ("[observability.alertmanager.receivers]\n'' = {relay = 'a'}", "should be a text of one line"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(MonitorError) as caught:
        load(tmp_path, f'home = "kept"\n[observability]\n{line}\n')
    said = str(caught.value)
    assert said.startswith(f"{tmp_path}/lamplighter.toml:")
    assert message in said
    assert "\n" not in said


def test_jobs_without_targets_may_share_a_name_and_a_label_is_kept_once(tmp_path: Path) -> None:
    text = (
        "keep = ['zone', 'zone']\n[observability.machines]\njob = 'pushgateway'\n[observability.scrape]\nnodes = []\n"
    )
    assert load(tmp_path, f"[observability]\n{text}").keep == ("zone",)


def test_the_settings_of_the_page_on_alerts_are_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "alerts.md").read_text()
    blocks = re.findall(r"```toml\n(.+?)```", page, re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        load(tmp_path, block)
    (tmp_path / ".env").write_text("OPS_URL=mailto://a\nTEAMS_URL=workflows://b\n")
    (tmp_path / ".env").chmod(0o600)
    assert {*relay_receivers(Project.open(tmp_path))} == {"default", "teams"}


def test_every_key_of_every_section_is_on_the_page_of_settings() -> None:
    page = settings_page()
    for section in (Observability, Live, Machines, Scraping, Alertmanager, Receiver, Owner):
        for name, field in section.model_fields.items():
            assert config_section_of(field) or f"| `{name}` |" in page, name
            assert field.description, name


@pytest.mark.parametrize("text", ["observability = 3\n", "observability = [1]\n"])
def test_what_is_no_section(tmp_path: Path, text: str) -> None:
    with pytest.raises(MonitorError, match=r"toml:1: observability is a section; write \[observability\]$"):
        load(tmp_path, text)


def test_labels_of_the_gauges_are_those_of_the_catalogue() -> None:
    assert {"model", *(label for gauge in GAUGES if gauge.labels != INFO for label in gauge.labels)} == OF_GAUGES
    assert {label for metric in LIVE for label in metric.labels} <= OF_GAUGES | OF_SERVICES


def test_a_page_with_a_query_is_one(tmp_path: Path) -> None:
    assert load(tmp_path, "[observability]\nrunbook_url = 'https://wiki/p?id=3'\n").runbook_url.endswith("?id=3")


def test_a_mistake_there_keeps_no_run_from_running(tmp_path: Path) -> None:
    (tmp_path / "lamplighter.toml").write_text("[observability]\nlargst = 3\n")
    assert load_settings(tmp_path)
