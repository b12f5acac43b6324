"""What of a URL or a variable is a secret, and a text without it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote, unquote_plus

HIDDEN = "***"

SURELY = 4
"""Letters from which a secret is hidden inside of words too; a shorter one only where it stands alone."""

BETWEEN = re.compile(r"[@:/?#&=,;+|\s]+")
"""What stands between the parts of a URL."""

WEBHOOKS = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})
"""Schemes of apprise whose path is a web server's own, and has no addresses such as ``/to@example.org``."""

# Where deployments are rendered, a port that is a variable may be unset-name.
PLACE = re.compile(r"(?:\[[0-9A-Fa-f:.%\w]*\]|[^:\[\]]*)(?::(?:\d*|unset-\w+))?")
"""Host and port of a database."""

SECRET_NAME = re.compile("pass|pwd|secret|token|key|odbc|auth|cred|sig|sas", re.IGNORECASE)
"""How an option is called whose value is a secret; the others of a database are shown, to find a fault by."""

TOKEN = 16
"""Letters from which a user without a password is taken for a token; names of users are shorter."""

OF_FILES = ("sqlite", "duckdb")
"""How URLs of databases begin that are files."""

NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

ENCODE = "write @ : / # ? % and blanks in a user, password or option as %40 %3A %2F %23 %3F %25 and %20"


def hide(text: str, secrets: Iterable[str]) -> str:
    """A text without secrets, in whatever usual form they stand there.

    Examples
    --------
    >>> hide("no host 'Tail@7', user it", ["Tail@7", "it", "0"])
    "no host '***', user ***"
    >>> hide("Basic YWRtaW46aHVudGVyMg==", ["admin:hunter2"])
    'Basic ***'
    """
    forms = {form for secret in secrets for form in _forms(secret)}
    if not forms:
        return text
    parts = [
        re.escape(form) if len(form) >= SURELY else rf"(?<!\w){re.escape(form)}(?!\w)"
        for form in sorted(forms, key=lambda form: (-len(form), form))
    ]
    return re.sub("|".join(parts), HIDDEN, text)


def _forms(secret: str) -> Iterator[str]:
    """The forms in which a secret may stand: as it is, quoted, shown by Python, in lower case, in base64."""
    for form in {secret, secret.strip(), unquote(secret), unquote_plus(secret)}:
        # A number of a few digits is no secret, and stands in every message.
        if not form or (len(form) < SURELY and form.isdigit()):
            continue
        yield from (form, form.lower(), quote(form, safe=""), quote(form), repr(form)[1:-1])
        if len(form) >= SURELY:
            coded = base64.b64encode(form.encode(errors="surrogateescape")).decode()
            yield from (coded, coded.rstrip("="))


def url_secrets(url: str) -> frozenset[str]:
    """The parts of a URL that a message must not show: all but its scheme, its port and the names of its options.

    In many a URL the place of the host or a piece of the path is a token, and of a password that was not encoded a
    part stands anywhere.

    Examples
    --------
    >>> sorted(url_secrets("json://admin:hk@Tail@127.0.0.1:9/t?key=abc"))[:4]
    ['/t', '127.0.0.1', 'Tail', 'abc']
    """
    _, _, rest = url.rpartition("://") if url.count("://") == 1 else ("", "", url)
    place, _, options = rest.partition("?")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    user = authority.rpartition("@")[0]
    # A password that was not encoded may reach up to the last @ of the URL.
    longest = rest.rpartition("@")[0]
    found = {user, user.partition(":")[2], longest, longest.partition(":")[2], place.removeprefix(authority)}
    found |= {piece for piece in _pieces(place) if len(piece) >= SURELY or piece in _pieces(user)}
    for option in re.split("[&;]", options):
        name, equals, value = option.partition("=")
        found |= {value, *(piece for piece in _pieces(value) if len(piece) >= SURELY)} if equals else {name}
    return frozenset(found - {"", "/"} - {piece for piece in found if piece.isdigit() and len(piece) < 6})


def _pieces(text: str) -> set[str]:
    """The parts of a part of a URL, as it is written and as it is meant."""
    return {piece for form in (text, unquote_plus(text)) for piece in BETWEEN.split(form)}


def notification_fault(url: str) -> str:
    """What makes a notification URL ambiguous, without repeating any of it; empty for one that is clear.

    Apprise cuts a password at the first sign that has a meaning in URLs, and takes the rest for a host, a path or
    another URL, which are printed.

    Examples
    --------
    >>> notification_fault("json://admin:hk%40Tail@127.0.0.1:9/t")
    ''
    >>> notification_fault("json://admin:hk@Tail@127.0.0.1:9/t").partition(";")[0]
    'the URL holds more than one @ before its path'
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return ""
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    user, at, _ = authority.rpartition("@")
    path, _, options = rest.removeprefix(authority).partition("?")
    fault = _unclear(url, authority, user)
    if not fault and "://" in path:
        fault = "holds a second URL; write a list of them"
    elif not fault and scheme.lower() in WEBHOOKS and "@" in path:
        fault = "holds an @ in its path"
    elif not fault and not at and ":" in authority and _may_be_a_tail(authority, path, options):
        fault = "holds an @ behind its path, and no user before it"
    elif not fault and "@" in options.partition("=")[0]:
        fault = "holds an @ in the name of an option"
    return f"the URL {fault}; {ENCODE}" if fault else ""


def _may_be_a_tail(authority: str, path: str, options: str) -> bool:
    """Whether what stands behind the host may be the rest of a password."""
    if re.search(r"[^/,#]@", path):
        return True
    return "@" in options and not re.search(r":\d+$", authority)


def database_fault(url: str) -> str:
    """What makes the URL of a database ambiguous, without repeating any of it; empty for one that is clear.

    Examples
    --------
    >>> database_fault("postgresql+psycopg://u:p%40ss@host:5432/db?sslmode=require")
    ''
    >>> database_fault("postgresql://u:abc@Tail/x@host/db").partition(";")[0]
    'the URL holds more than one @'
    >>> database_fault("postgresql://host/db?password=abc@Tail").partition(";")[0]
    'the URL holds an @ behind its ?'
    """
    rest = url.partition("://")[2]
    if not rest:
        return ""
    place, _, options = rest.partition("?")
    user, _, host = place.rpartition("@")
    fault = ""
    if any(not sign.isprintable() for sign in url):
        fault = "holds a sign that cannot be printed"
    elif "@" in options:
        fault = "holds an @ behind its ?"
    elif NO_ESCAPE.search(options):
        fault = "holds a % that encodes nothing"
    elif any(option and "=" not in option for option in options.split("&")):
        fault = "holds an option without a value"
    elif not url.startswith(OF_FILES) or not place.startswith("/"):
        # That of a file has no host, and an @ may stand in its name.
        fault = _database_place_fault(place, user, host)
    return f"the URL {fault}; {ENCODE}" if fault else ""


def _database_place_fault(place: str, user: str, host: str) -> str:
    """What is wrong with the user, the password, the host and the port of a database."""
    if place.count("@") > 1:
        return "holds more than one @"
    if NO_ESCAPE.search(user):
        return "holds a % that encodes nothing"
    if re.search("[/#]", user):
        return "holds a / or # before its @"
    if re.search("[;=#]", host.partition("/")[0]):
        return "holds ; = or # in its host"
    return "" if PLACE.fullmatch(host.partition("/")[0]) else "has a port that is not a number"


def database_secrets(url: str) -> frozenset[str]:
    """What the URL of a database keeps secret: the password, and the options that are called like one.

    Examples
    --------
    >>> sorted(database_secrets("postgresql://u:hunter2@host/db?sslpassword=abc"))
    ['abc', 'hunter2']
    >>> sorted(database_secrets("mssql+pyodbc:///?odbc_connect=UID%3Du%3BPWD%3D{abc}"))
    ['UID%3Du%3BPWD%3D{abc}', 'UID=u;PWD={abc}', 'abc', '{abc}']
    """
    user, password = _user(url), password_of(url)
    alone = {user} if not password and len(user) >= TOKEN else set()
    whole = {password, *secret_options(url)} - {"", user} | alone
    # Where the password is the user's name, as on many a test machine, it is no secret and stands everywhere.
    return frozenset(
        whole | {piece for text in whole for piece in _pieces(text) if len(piece) >= SURELY} - ({user} - alone)
    )


def _user(url: str) -> str:
    return url.partition("://")[2].rpartition("@")[0].partition(":")[0]


def password_of(url: str) -> str:
    """The password of a URL: all after the user's name up to the last @, whatever signs are in it.

    Examples
    --------
    >>> password_of("postgresql://u:ab@c@host/db"), password_of("postgresql://host/db")
    ('ab@c', '')
    """
    return url.partition("://")[2].rpartition("@")[0].partition(":")[2]


def secret_options(url: str) -> Iterator[str]:
    """The values of the options of a URL that are called like secrets, those within an ODBC string too.

    Examples
    --------
    >>> [*secret_options("postgresql://host/db?user=u&password=abc&sslmode=require")]
    ['abc']
    """
    for option in re.split("[?&]", url.partition("://")[2]):
        for written in dict.fromkeys((option, unquote_plus(option))):
            name, _, value = written.partition("=")
            if SECRET_NAME.search(name):
                yield value
            for part in written.split(";")[1:]:
                inner, _, value = part.partition("=")
                if SECRET_NAME.search(inner):
                    yield value.strip("{}'\" ")


def _unclear(url: str, authority: str, user: str) -> str:
    """What is wrong with any URL that has a user and a password."""
    if any(sign.isspace() or not sign.isprintable() for sign in url):
        return "holds a blank or a sign that cannot be printed"
    if authority.count("@") > 1:
        return "holds more than one @ before its path"
    if user.count(":") > 1:
        return "holds more than one : before its @"
    if NO_ESCAPE.search(authority):
        return "holds a % that encodes nothing"
    return ""


CREDENTIALS = re.compile(r"[\w+.-]+://(?:[^/?]*@|[^/:?]*:(?!\d+(?:[/?][^@]*)?$))")
"""A URI with a user or a password, in which signs may stand that should have been escaped; a port is neither."""


SECRET_OPTION = re.compile(r"(?:pass(?:word|wd)?|pwd|secret|token|signature|sig|sas|credentials?|key)$", re.IGNORECASE)
"""How an option of a path is called that is a credential, as of signed links; `credential_kind` is none."""


def without_credentials(path: str) -> str:
    """A path, when it holds no credentials: paths are printed wherever something is wrong with one.

    Raises
    ------
    ValueError
        If it does.

    Examples
    --------
    >>> without_credentials("hdfs://host:8020/log/*.parquet")
    'hdfs://host:8020/log/*.parquet'
    >>> without_credentials("https://host/a.parquet?sig=abc")
    Traceback (most recent call last):
    ...
    ValueError: a path holds no credentials; set AWS_ACCESS_KEY_ID and its like
    """
    options = path.partition("?")[2].split("&") if "://" in path and not path.startswith("file:///") else []
    # What stands without a name may be a token as well.
    if CREDENTIALS.match(path) or any(
        not option.partition("=")[1] or SECRET_OPTION.search(unquote_plus(option.partition("=")[0]))
        for option in filter(None, options)
    ):
        raise ValueError("a path holds no credentials; set AWS_ACCESS_KEY_ID and its like")
    return path
