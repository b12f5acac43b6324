"""The containers of compose.yaml, as the real Compose reads it. No engine is needed, and none of them is started."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

CHECKOUT = Path(__file__).parents[1]
PASSWORDS = ("GRAFANA_PASSWORD", "HISTORY_PASSWORD", "PREFECT_DATABASE_PASSWORD")
EMPTY = Path(__file__).parent / "__init__.py"
"""Stands for an `.env` without a line: a developer's own is not read."""

WITHOUT_A_SHELL = {"loki", "alloy", "tempo"}


def _compose(*arguments: str, without: str = "") -> subprocess.CompletedProcess[str]:
    program = shutil.which("docker-compose")
    if program is None and os.environ.get("CI") == "true":
        pytest.fail("docker-compose is not installed; install Debian's docker-compose")
    if program is None:
        pytest.skip("docker-compose is not installed; install Debian's docker-compose")
    environment = {name: "a secret" for name in PASSWORDS if name != without}
    command = [program, "--project-directory", str(CHECKOUT), "--env-file", str(EMPTY), *arguments]
    inherited = {name: value for name, value in os.environ.items() if name not in PASSWORDS}
    return subprocess.run(
        command, cwd=CHECKOUT, env=inherited | environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def read() -> dict[str, Any]:
    """What Compose makes of the file, all profiles included."""
    done = _compose("--profile", "logs", "--profile", "traces", "--profile", "load", "config")
    assert done.returncode == 0, done.stderr
    found = yaml.safe_load(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("password", PASSWORDS)
def test_no_password_has_a_default(password: str) -> None:
    done = _compose("config", "--quiet", without=password)
    assert done.returncode != 0
    assert password in done.stderr
    assert "write it into .env" in done.stderr


def test_every_image_is_pinned_and_ours_are_built(read: dict[str, Any]) -> None:
    for name, service in read["services"].items():
        tag = service["image"].rpartition(":")[2]
        assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?(-\w+)?", tag), name
        if service["image"].startswith("lamplighter-"):
            assert service["build"]["target"] in ("app", "example")


def test_ports_are_on_loopback_and_no_port_comes_twice(read: dict[str, Any]) -> None:
    ports = [port for service in read["services"].values() for port in service.get("ports", [])]
    assert len(ports) >= 8
    for port in ports:
        assert port.startswith("127.0.0.1:"), port
    assert len({port.split(":")[1] for port in ports}) == len(ports)


def test_what_goes_on_running_is_looked_after(read: dict[str, Any]) -> None:
    lasting = {name: service for name, service in read["services"].items() if service.get("restart")}
    assert {"prefect", "worker", "history", "prometheus", "alertmanager", "grafana", "service"} <= {*lasting}
    unwatched = {name for name, it in lasting.items() if it.get("healthcheck", {}).get("test", ["NONE"]) == ["NONE"]}
    assert unwatched == WITHOUT_A_SHELL


def test_what_is_mounted_is_there_or_a_named_volume(read: dict[str, Any]) -> None:
    for name, service in read["services"].items():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in read["volumes"] or source == "/" or Path(source).exists(), f"{name}: {volume}"


def test_what_waits_for_health_waits_for_something_that_is_looked_after(read: dict[str, Any]) -> None:
    services = read["services"]
    for name, service in services.items():
        for other, waits in service.get("depends_on", {}).items():
            if waits.get("condition") == "service_healthy":
                assert "test" in services[other]["healthcheck"], f"{name} waits for {other}"


def test_the_images_run_as_another_user_than_root() -> None:
    text = (CHECKOUT / "Dockerfile").read_text()
    stages = re.findall(r"^FROM (\S+) AS (\S+)$", text, re.MULTILINE)
    assert {("base", "app"), ("base", "example")} <= {*stages}
    assert "USER lamplighter" in text.partition(" AS base\n")[2].partition("\nFROM ")[0]
    copied = re.findall(r"^COPY (?!--from)(\S+)", text, re.MULTILINE)
    assert all((CHECKOUT / name).exists() for name in copied), copied


def test_grafana_reads_the_history_and_changes_nothing(postgresql_url: str, tmp_path: Path) -> None:
    """The real script on a real PostgreSQL."""
    url = sa.make_url(postgresql_url)
    secret = tmp_path / "password"
    secret.write_text("it's $ecret")
    where = {"PGHOST": str(url.query.get("host", url.host)), "POSTGRES_USER": str(url.username)}
    where |= {"POSTGRES_DB": str(url.database), "READER_PASSWORD_FILE": str(secret)}
    script = CHECKOUT / "dashboards" / "history-reader.sh"
    owner = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        subprocess.run(["sh", script], env=os.environ | where, check=True)
        with owner.begin() as connection:
            connection.execute(sa.text("CREATE TABLE run (id int)"))
            connection.execute(sa.text("SET ROLE grafana"))
            assert connection.execute(sa.text("SELECT * FROM run")).all() == []
        for refused in ("INSERT INTO run VALUES (1)", "DROP TABLE run", "CREATE TABLE mine (id int)"):
            with owner.connect() as connection:
                connection.execute(sa.text("SET ROLE grafana"))
                with pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"):
                    connection.execute(sa.text(refused))
    finally:
        with owner.begin() as connection:
            connection.execute(sa.text("DROP OWNED BY grafana"))
            connection.execute(sa.text("DROP ROLE grafana"))
        owner.dispose()
