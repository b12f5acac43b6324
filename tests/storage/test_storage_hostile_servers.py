"""Whatever a server does, a push or a message ends, and what is recorded of it is one clean line without a secret."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import sqlalchemy as sa

from lamplighter.core.gauges import Sample
from lamplighter.core.message import Message
from lamplighter.core.monitor import Severity
from lamplighter.errors import PublishError
from storage.gauges import publish
from storage.notifications import send
from storage.project import Project
from storage.settings import Settings
from tests.hostile import HTTP, SMTP, hostile_server

TOLD = Message("m", "f1-below", "opened", Severity.CRITICAL, "m: f1-below fails", "f1 is 0.3")
NEVER_END = frozenset({"slow", "silent", "continues"})
SECRET = "hunter2-hunter2"


def seconds_for(kind: str) -> float:
    """Little for those that never end; what ends by itself has a minute, so that a busy machine is no failure."""
    return 4.0 if kind in NEVER_END else 60.0


def is_clean(text: str) -> bool:
    return bool(text) and text.isprintable() and len(text) < 500 and SECRET not in text


@pytest.mark.parametrize("kind", HTTP)
def test_a_webhook(kind: str) -> None:
    with hostile_server(HTTP[kind]) as place:
        sent = send(f"json://admin:{SECRET}@{place}/t?+X-Token={SECRET}", TOLD, seconds=seconds_for(kind))
    assert is_clean(sent.fault)
    assert ("within 4 s; mend it, or raise LAMPLIGHTER_NOTIFY_SECONDS" in sent.fault) == (kind in NEVER_END)
    assert sent.is_final == (kind in NEVER_END)


@pytest.mark.parametrize("kind", SMTP)
def test_a_mail_server(kind: str) -> None:
    with hostile_server(SMTP[kind], greets=True) as place:
        url = f"mailto://admin:{SECRET}@{place}?from=lamp@street.org&to=ops@street.org&mode=insecure"
        sent = send(url, TOLD, seconds=seconds_for(kind))
    assert is_clean(sent.fault)


@pytest.mark.parametrize("kind", HTTP)
def test_a_pushgateway(kind: str, tmp_path: Path) -> None:
    with hostile_server(HTTP[kind]) as place:
        settings = Settings(
            pushgateway_url=f"http://{place}",
            pushgateway_user="admin",
            pushgateway_password=SECRET,
            push_seconds=seconds_for(kind),
        )
        with pytest.raises(PublishError) as caught:
            publish(Project(tmp_path, settings), "m", [Sample("lamplighter_data_rows", 3.0)])
    said = str(caught.value)
    assert is_clean(said)
    assert base64.b64encode(f"admin:{SECRET}".encode()).decode() not in said
    assert ("within 4 s; mend it, or raise LAMPLIGHTER_PUSH_SECONDS" in said) == (kind in NEVER_END)


def test_a_name_that_does_not_resolve(tmp_path: Path) -> None:
    assert is_clean(send("json://no-such-host.invalid/t", TOLD, seconds=60).fault)
    settings = Settings(pushgateway_url="http://no-such-host.invalid:9091", push_seconds=60)
    with pytest.raises(PublishError, match="Pushgateway does not answer PUT for m: "):
        publish(Project(tmp_path, settings), "m", [])


def test_what_is_recorded_of_an_answer_can_be_stored(tmp_path: Path, postgresql_url: str) -> None:
    """PostgreSQL takes no NUL in a text."""
    with hostile_server(HTTP["nul"]) as place:
        settings = Settings(pushgateway_url=f"http://{place}", push_seconds=60)
        with pytest.raises(PublishError) as caught:
            publish(Project(tmp_path, settings), "m", [])
    assert r"no\x00 way \x1b[31m" in str(caught.value)
    with sa.create_engine(postgresql_url, poolclass=sa.NullPool).connect() as connection:
        assert connection.scalar(sa.select(sa.literal(str(caught.value)))) == str(caught.value)
