"""Whatever a server does, a push or a message ends, and what is recorded of it is one clean line without a secret."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from lamplighter.core.checks.messages import Message
from lamplighter.core.evaluation.gauges import Sample
from lamplighter.core.monitor import Severity, Sql
from lamplighter.errors import HistoryError, PublishError, SourceError
from storage.history import open_history
from storage.project.folder import Project
from storage.project.settings import Settings
from storage.sinks.apprise import Sent, send
from storage.sinks.gauges import publish
from storage.sources.sql import columns_of
from tests.hostile import HTTP, SMTP, hostile_server
from tests.long_cases import long_but_for
from tests.receivers import http_receiver, mail_receiver

TOLD = Message("m", "f1-below", "opened", Severity.CRITICAL, "m: f1-below fails", "f1 is 0.3")
NEVER_END = frozenset({"slow", "silent", "continues"})
BREAK_OFF = frozenset({"closed", "garbage", "headers"})
"""Servers that got all of a message and do not say what became of it."""
SECRET = "hunter2-hunter2"


def seconds_for(kind: str) -> float:
    """Little for those that never end; what ends by itself has a minute, so that a busy machine is no failure."""
    return 4.0 if kind in NEVER_END else 60.0


def is_clean(text: str) -> bool:
    return bool(text) and text.isprintable() and len(text) < 500 and SECRET not in text


T = TypeVar("T")
Ask = Callable[[str], T]
WaitFor = Callable[[Ask[T], str, Collection[str]], T]


@pytest.fixture(scope="module")
def wait_for() -> Iterator[WaitFor[Any]]:
    """Ask a server of a kind, among some; those that never end are asked all at once, so that one wait is enough."""
    asked: dict[Ask[Any], dict[str, Future[Any]]] = {}
    with ThreadPoolExecutor(len(NEVER_END)) as pool:

        def answer(ask: Ask[T], kind: str, among: Collection[str]) -> T:
            if kind not in NEVER_END:
                return ask(kind)
            if ask not in asked:
                asked[ask] = {it: pool.submit(ask, it) for it in NEVER_END.intersection(among)}
            return asked[ask][kind].result()

        yield answer


def webhook(kind: str) -> Sent:
    with hostile_server(HTTP[kind]) as place:
        return send(f"json://admin:{SECRET}@{place}/t?+X-Token={SECRET}", TOLD, seconds=seconds_for(kind))


@pytest.mark.parametrize("kind", HTTP)
def test_a_webhook(wait_for: WaitFor[Sent], kind: str) -> None:
    sent = wait_for(webhook, kind, HTTP)
    assert is_clean(sent.fault)
    assert ("within 4 s; mend it, or raise LAMPLIGHTER_NOTIFY_SECONDS" in sent.fault) == (kind in NEVER_END)
    assert sent.is_final == sent.may_have_arrived == (kind in NEVER_END | BREAK_OFF)


def mail_server(kind: str) -> Sent:
    with hostile_server(SMTP[kind], greets=True) as place:
        url = f"mailto://admin:{SECRET}@{place}?from=lamp@street.org&to=ops@street.org&mode=insecure"
        return send(url, TOLD, seconds=seconds_for(kind))


@pytest.mark.parametrize("kind", SMTP)
def test_a_mail_server(wait_for: WaitFor[Sent], kind: str) -> None:
    sent = wait_for(mail_server, kind, SMTP)
    assert is_clean(sent.fault)
    # None of them lets it come to the message.
    assert not sent.may_have_arrived


def pushgateway(kind: str) -> str:
    with hostile_server(HTTP[kind]) as place, TemporaryDirectory() as folder:
        settings = Settings(
            pushgateway_url=f"http://{place}",
            pushgateway_user="admin",
            pushgateway_password=SECRET,
            push_seconds=seconds_for(kind),
        )
        with pytest.raises(PublishError) as caught:
            publish(Project(Path(folder), settings), "m", [Sample("lamplighter_data_rows", 3.0)])
    return str(caught.value)


@pytest.mark.parametrize("kind", long_but_for(HTTP, [*NEVER_END, "endless", "closed", "echo"]))
def test_a_pushgateway(wait_for: WaitFor[str], kind: str) -> None:
    said = wait_for(pushgateway, kind, HTTP)
    assert is_clean(said)
    assert base64.b64encode(f"admin:{SECRET}".encode()).decode() not in said
    assert ("within 4 s; mend it, or raise LAMPLIGHTER_PUSH_SECONDS" in said) == (kind in NEVER_END)


LATER = 5.0
"""Seconds: more than apprise's own 4 s for an answer."""


def test_a_slow_webhook_is_waited_for_and_gets_a_message_once() -> None:
    with http_receiver() as receiver:
        receiver.delay = LATER
        assert send(f"json://{receiver.url}/t?rto=0.1&cto=0.1", TOLD, seconds=60) == Sent("")
    assert receiver.titles == [TOLD.title]


def test_a_webhook_slower_than_the_limit_may_have_got_it() -> None:
    with http_receiver() as receiver:
        receiver.delay = LATER
        sent = send(f"json://{receiver.url}/t", TOLD, seconds=3)
    assert sent.is_final
    assert sent.may_have_arrived
    assert sent.fault == "json://... did not confirm it within 3 s; mend it, or raise LAMPLIGHTER_NOTIFY_SECONDS"
    assert receiver.titles == [TOLD.title]


def test_a_gateway_whose_server_is_late_may_have_passed_it_on() -> None:
    with http_receiver(504) as receiver:
        assert send(f"json://{receiver.url}/t", TOLD, seconds=60).may_have_arrived
    with http_receiver(503) as receiver:
        assert not send(f"json://{receiver.url}/t", TOLD, seconds=60).may_have_arrived


@pytest.mark.parametrize(
    ("delay", "seconds", "refused", "expected"),
    [(0.0, 60, "", (False, False)), (30.0, 4, "", (True, True)), (0.0, 60, "b@street.org", (True, True))],
    ids=["at once", "too late", "to one of two"],
)
def test_what_a_mail_server_may_have_taken(
    delay: float, seconds: float, refused: str, expected: tuple[bool, bool]
) -> None:
    with mail_receiver(delay, refused) as (place, received):
        url = f"mailto://{place}?from=lamp@street.org&to=a@street.org,b@street.org&mode=insecure"
        sent = send(url, TOLD, seconds=seconds)
    assert (bool(sent.fault), sent.may_have_arrived) == expected
    assert len(received) == (1 if sent.fault else 2)


def test_what_has_no_connection_did_not_arrive() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        place = f"127.0.0.1:{closed.getsockname()[1]}"
    for url in (f"json://{place}/t", f"mailto://{place}?from=a@b.org&to=c@d.org&mode=insecure"):
        sent = send(url, TOLD, seconds=60)
        assert (bool(sent.fault), sent.is_final, sent.may_have_arrived) == (True, False, False)


SILENT = "the server did not answer within 2 s; mend it, or write connect_timeout=60 behind the ? of its URL"


def test_a_silent_database(tmp_path: Path) -> None:
    """The default is 10 s, which is a test's time to lose."""
    with hostile_server(HTTP["silent"]) as place:
        url = f"postgresql+psycopg://reader:{SECRET}@{place}/db?connect_timeout=2"
        with pytest.raises(HistoryError) as history:
            open_history(Project(tmp_path, Settings(history_url=url)))
        with pytest.raises(SourceError) as source:
            columns_of(Sql(url=url, table="log"))
    host = place.partition(":")[0]
    assert str(source.value) == f"postgresql {host}/db table log: {SILENT}"
    assert str(history.value) == (
        f"history postgresql+psycopg://reader:***@{place}/db: {SILENT}; nothing of this step was recorded"
    )


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
