"""What of a URL is refused, and what of it a message never shows."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from lamplighter.core.secrets import database_fault, database_secrets, hide, notification_fault, url_secrets

TAIL = "SecretTail77"


@pytest.mark.parametrize(
    "url",
    [
        f"json://admin:hk@{TAIL}@127.0.0.1:9/t",
        f"json://admin:hk/{TAIL}@127.0.0.1:9/t",
        f"json://admin:hk#{TAIL}@127.0.0.1:9/t",
        f"json://admin:hk?{TAIL}@127.0.0.1:9/t",
        f"json://admin:hk:{TAIL}@127.0.0.1:9/t",
        f"json://admin:hk {TAIL}@127.0.0.1:9/t",
        f"json://admin:hk\t{TAIL}@127.0.0.1:9/t",
        f"json://admin:99/{TAIL}@127.0.0.1:9/t",
        f"json://admin:99#{TAIL}@127.0.0.1:9/t",
        f"json://admin:hk@99/{TAIL}@127.0.0.1:9/t",
        f"json://admin:hk%{TAIL}@127.0.0.1:9/t",
        f"json://admin:hk/@{TAIL}@127.0.0.1:9/t",
        f"json://host/a json://admin:{TAIL}@host",
        f"json://host/a,json://admin:{TAIL}@host",
        f"mailto://admin:hk@{TAIL}@smtp.example.org",
        f"mailto://admin:hk?{TAIL}@smtp.example.org",
        f"mailto://admin:hk/{TAIL}@smtp.example.org",
    ],
)
def test_an_ambiguous_notification_url_is_refused_without_a_word_of_it(url: str) -> None:
    fault = notification_fault(url)
    assert "%40" in fault
    assert not any(piece in fault for piece in (TAIL, "hk", "127", "admin", "smtp"))


@pytest.mark.parametrize(
    "url",
    [
        "json://admin:hk%40SecretTail77@127.0.0.1:9/t",
        "jsons://host.example:8443/a/b?+X-Token=abc&method=POST",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops/@anna",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        "workflows://host.azure.com:443/0123456789abcdef/signature",
        "msteams://A@B/C/D",
        "pagerduty://key@key/lamplighter/models",
        "tgram://123456789:AbCdEf/@channel",
        "mailto://user:pw@smtp.example.org/to@example.org",
        "mailto://127.0.0.1:25?from=lamp@street.org&to=ops@street.org&mode=insecure",
        "mailtos://u%40example.org:pw@smtp.example.org:587/?to=a@example.org",
        "hooks.slack.com/services/x",
    ],
)
def test_a_clear_notification_url_is_not_refused(url: str) -> None:
    assert notification_fault(url) == ""


@pytest.mark.parametrize(
    ("url", "clear"),
    [
        (f"postgresql+psycopg://u:abc@{TAIL}/x@127.0.0.1:1/x", False),
        (f"postgresql://u:abc@{TAIL}@host/x", False),
        (f"postgresql://u:{TAIL}/x", False),
        (f"postgresql://u:x%{TAIL}@host/x", False),
        (f"postgresql://u:x@host:{TAIL}/x", False),
        ("postgresql+psycopg://u:p%40ss@host:5432/db?sslmode=require", True),
        ("postgresql+psycopg://host/db?user=u&password=${P}", True),
        ("mssql+pyodbc:///?odbc_connect=DRIVER%3D%7BX%7D%3BUID%3Du%3BPWD%3Da%40b", True),
        ("mssql+pyodbc://u:p@host/db?driver=ODBC+Driver+18+for+SQL+Server", True),
        ("snowflake://u:p@account.eu-1/db?role=r", True),
        (f"postgresql+psycopg://u:a/{TAIL}@host/db", False),
        (f"postgresql+psycopg://u:a?{TAIL}@host/db", False),
        (f"postgresql+psycopg://u:a#{TAIL}@host/db", False),
        (f"postgresql+psycopg://a/{TAIL}@host/db?sslmode=x", False),
        (f"postgresql+psycopg://127.0.0.1:1/db?user=u&password=ab@{TAIL}", False),
        (f"postgresql+psycopg://127.0.0.1:1/db?password=ab&{TAIL}", False),
        (f"postgresql+psycopg://127.0.0.1:1/db?password=ab%{TAIL}", False),
        (f"postgresql+psycopg:///db?host=/run/postgresql&password=x@{TAIL}", False),
        (f"mssql+pyodbc:///?odbc_connect=UID=u;PWD=a@{TAIL}", False),
        (f"mssql+pyodbc://host;UID=u;PWD={TAIL}", False),
        (f"sqlite:///x.db?key=ab@{TAIL}", False),
        (f"postgresql+psycopg:///@{TAIL}/@@127.0.0.1:1/db", False),
        ("postgresql+psycopg://[::1]:5432/db", True),
        ("postgresql+psycopg:///db?host=/run/postgresql&password=x%40y", True),
        ("sqlite:////srv/a@b@c.db", True),
        ("snowflake://u:p@account/db/schema?warehouse=w", True),
        ("unset-predictions_url", True),
        ("postgresql://unset-user:unset-password@unset-host:unset-port/unset-database", True),
    ],
)
def test_database_urls(url: str, clear: bool) -> None:
    fault = database_fault(url)
    assert (fault == "") == clear
    assert TAIL not in fault


@pytest.mark.parametrize(
    "url",
    [
        f"json://admin:{TAIL}@127.0.0.1:9/t",
        f"json://{TAIL}:x@127.0.0.1:9/t",
        f"json://127.0.0.1/hook/{TAIL}/x",
        f"json://127.0.0.1/?token={TAIL}",
        f"json://127.0.0.1/?+Authorization=Bearer%20{TAIL}",
        f"slack://{TAIL}/B/C/#ops",
        f"discord://1/{TAIL}",
        f"mailto://a:b%40{TAIL}@host",
        f"json://admin:b@{TAIL}@host",
        f"json://admin:b#{TAIL}@host",
        f"json://admin:b/{TAIL}@host",
    ],
)
@pytest.mark.parametrize(
    "echo",
    [
        "{}".format,
        str.lower,
        lambda text: quote(text, safe=""),
        lambda text: f"'{text}'",
        lambda text: "Basic " + base64.b64encode(text.encode()).decode(),
        lambda text: f"http://h/{text}?x={text}",
    ],
    ids=["as it is", "lower case", "encoded", "quoted", "base64", "in a URL"],
)
def test_no_part_of_a_url_is_shown(url: str, echo: object) -> None:
    assert callable(echo)
    said = hide(f"the server says {echo(TAIL)}.", url_secrets(url))
    for form in (TAIL, TAIL.lower(), base64.b64encode(TAIL.encode()).decode().rstrip("=")):
        assert form not in said
    assert said.startswith("the server says ")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{TAIL}@host/db",
        f"postgresql://u:a%40{TAIL}@host/db",
        f"postgresql://host/db?password={TAIL}&sslmode=x",
        f"postgresql://host/db?sslPassword=ab%20{TAIL}",
        f"postgresql://host/db;password={TAIL}",
        f"mssql+pyodbc:///?odbc_connect=DRIVER={{X}};UID=u;PWD={{{TAIL}}};Server=h",
        f"mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BPWD%3D{TAIL}%3BServer%3Dh",
        f"snowflake://u@account/db?private_key={TAIL}",
        f"databricks://host?access_token={TAIL}",
    ],
)
def test_no_password_of_a_database_is_shown(url: str) -> None:
    said = hide(f"bad value {TAIL} of h in {url}", database_secrets(url))
    assert TAIL not in said
    assert said.startswith("bad value *** of h in ")


def test_a_long_user_without_a_password_may_be_a_token() -> None:
    assert database_secrets("x://0123456789abcdef@host/db") == {"0123456789abcdef"}
    assert database_secrets("x://reader@host/db") == frozenset()


def test_the_header_of_basic_authentication_is_not_shown() -> None:
    token = base64.b64encode(b"admin:hk@Tail").decode()
    assert hide(f"got Basic {token}", url_secrets("json://admin:hk%40Tail@127.0.0.1:9/t")) == "got Basic ***"


def test_short_secrets_are_hidden_where_they_stand_alone() -> None:
    assert hide("no user 'ab' in table", ["ab"]) == "no user '***' in table"
    assert hide("port 80 of 1", ["80", "1"]) == "port 80 of 1"
