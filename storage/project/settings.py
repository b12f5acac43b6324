"""Settings of the process: environment variables `LAMPLIGHTER_*` over `lamplighter.toml` over defaults."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from lamplighter.core.hints import did_you_mean
from lamplighter.core.limits import MOST_OF_SETTINGS
from lamplighter.core.secrets import database_fault
from lamplighter.errors import MonitorError, one_line
from storage.project.env_file import ENV_FILE, EnvFile
from storage.project.text_files import UnfitFileError, read_bounded

SETTINGS_FILE = "lamplighter.toml"
OBSERVABILITY = "observability"
"""The section of that file that only rules and dashboards are rendered with; see `storage.project.observability`."""
RELAY = "relay"
"""The section of that file that only the relay reads; see `storage.project.relay`."""
PREFIX = "LAMPLIGHTER_"
LINES = 'settings are lines such as home = "folder"'

OTHER_VARIABLES = ("LAMPLIGHTER_PROJECT", "LAMPLIGHTER_ROOT", "LAMPLIGHTER_DEBUG")
"""Variables that are no settings: the project folder, the checkout that deployments work in, tracebacks."""

OF_A_CLUSTER = re.compile(r"_SERVICE_(?:HOST|PORT)(?:_\w+)?$|_PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?$")
"""Variables that Kubernetes sets where a service is called `lamplighter`."""


GAUGE_SINKS = {
    "pushgateway": "storage.sinks.pushgateway",
    "textfile": "storage.sinks.textfile",
}
"""Where gauges may go: the name in the settings, and the module, as `storage.sinks.gauges` describes it."""

AUTO = "auto"


def _sink(name: str) -> str:
    *names, last = (repr(known) for known in (AUTO, *GAUGE_SINKS))
    if name not in (AUTO, *GAUGE_SINKS):
        raise ValueError(f"should be {', '.join(names)} or {last}")
    return name


def _gateway(url: SecretStr) -> SecretStr:
    """The URL of a Pushgateway, with a scheme; what is wrong with one is said without repeating it."""
    text = url.get_secret_value()
    text = text if not text or "://" in text else f"http://{text}"
    try:
        parts = urlsplit(text)
        sound = not text or (parts.scheme in ("http", "https") and parts.hostname and parts.port != 0)
    except ValueError:
        sound = False
    if not sound:
        raise ValueError("is not the URL of a Pushgateway; write one such as http://localhost:9091")
    if "@" in text:
        raise ValueError("takes no user in the URL; set pushgateway_user and pushgateway_password")
    if "?" in text or "#" in text or any(sign.isspace() or not sign.isprintable() for sign in text):
        # The path of a push goes behind it, so that a token there would stand amid what is printed.
        raise ValueError("takes no query, fragment or blank; set pushgateway_user and pushgateway_password")
    return SecretStr(text.rstrip("/"))


def _web_address(url: str) -> str:
    """An address that a browser opens; it is shown to everybody who sees a run, so it takes no password."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise ValueError("is not the address of a web server; write one such as https://reports.example.org")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("takes no user, query or fragment; it is written into links that everybody sees")
    return url.rstrip("/")


def _database(url: SecretStr) -> SecretStr:
    """The URL of a database, when it is clear which part of it is the password."""
    if what := database_fault(url.get_secret_value()):
        raise ValueError(what)
    return url


class Settings(BaseModel):
    """Settings that belong to a process and not to a model."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    home: Path = Field(default=Path(".lamplighter"), description="folder for history, profiles, reports and spool")
    history_url: Annotated[SecretStr, AfterValidator(_database)] | None = Field(
        default=None, description="SQLAlchemy URL; default SQLite in the home"
    )
    gauge_sink: Annotated[str, AfterValidator(_sink)] = Field(
        default=AUTO,
        description="`auto` is the Pushgateway when its URL is set, else a textfile",
        json_schema_extra={"enum": [AUTO, *GAUGE_SINKS]},
    )
    textfile_dir: Path | None = Field(default=None, description="node_exporter's textfile folder")
    pushgateway_url: Annotated[SecretStr, AfterValidator(_gateway)] | None = Field(
        default=None, description="such as http://localhost:9091"
    )
    pushgateway_user: str | None = Field(default=None, description="for basic authentication")
    pushgateway_password: SecretStr | None = Field(default=None, description="for basic authentication")
    pushgateway_ca: Path | None = Field(default=None, description="certificates that the Pushgateway is checked by")
    reports_url: Annotated[str, AfterValidator(_web_address)] | None = Field(
        default=None, description="where the folder `reports` of the home is served, for links to reports"
    )
    push_seconds: float = Field(
        default=10.0, gt=0, le=600, description="how long the Pushgateway may take, from the connection to its answer"
    )
    notify_seconds: float = Field(
        default=30.0, gt=0, le=600, description="how long a message may take, from the connection to the last answer"
    )
    log_file: Path | None = Field(
        default=None, description="where runs log lines of JSON; `-` is the standard error; default nowhere"
    )
    relay_token: SecretStr | None = Field(
        default=None, description="what `lamplighter relay` asks Alertmanager for, as a bearer token"
    )
    series_per_model: int = Field(default=500, gt=0, description="most gauge series of a model")
    keep_spool_days: int = Field(
        default=1, ge=1, le=36_500, description="how long `prune --retention` leaves what a killed run left"
    )
    keep_reports_days: int = Field(
        default=90, ge=0, le=36_500, description="how long `prune --retention` leaves reports; 0 keeps all"
    )
    keep_profiles_days: int = Field(
        default=0, ge=0, le=36_500, description="how long `prune --retention` leaves profiles of windows; 0 keeps all"
    )
    keep_history_days: int = Field(
        default=0, ge=0, le=36_500, description="how long `prune --retention` leaves windows; 0 keeps all"
    )
    wait_seconds: float = Field(default=600.0, ge=0, description="how long a run waits for another one of its model")


def gauge_sink_of(settings: Settings) -> str:
    """The name of the sink that gauges go to.

    Examples
    --------
    >>> gauge_sink_of(Settings()), gauge_sink_of(Settings(pushgateway_url="localhost:9091"))
    ('textfile', 'pushgateway')
    """
    if settings.gauge_sink != AUTO:
        return settings.gauge_sink
    return "pushgateway" if settings.pushgateway_url else "textfile"


def load_settings(folder: Path, env_file: EnvFile | None = None) -> Settings:
    r"""Settings of a project folder.

    Parameters
    ----------
    folder : Path
    env_file : EnvFile, optional
        Variables of the project's `.env`, which win over the file of settings.

    Raises
    ------
    MonitorError
        If the file is not TOML, or a setting or variable is unknown or of the wrong type.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "lamplighter.toml").write_text('home = "kept"\nwait_seconds = 5\n')
    ...     settings = load_settings(Path(folder))
    >>> settings.home.name, settings.wait_seconds
    ('kept', 5.0)
    """
    _refuse_unknown_variables(((name, value, "environment") for name, value in sorted(os.environ.items())))
    env_file = env_file if env_file is not None else EnvFile(folder / ENV_FILE)
    _refuse_unknown_variables((name, env_file[name], _place(env_file, name)) for name in env_file)
    path, text, values = settings_file(folder)
    for section in (OBSERVABILITY, RELAY):
        values.pop(section, None)
    if unknown := next((name for name in values if name not in Settings.model_fields), None):
        known = did_you_mean(unknown, [*Settings.model_fields, OBSERVABILITY, RELAY])
        raise MonitorError(f"unknown setting {unknown!r}", where=f"{path}:{line_of(text, unknown)}", fix=known)
    environment = _fields_set(os.environ)
    kept = {field: name for field, name in _fields_set(env_file).items() if field not in environment}
    of_environment = {field: os.environ[name] for field, name in environment.items()}
    of_env_file = {field: env_file[name] for field, name in kept.items()}
    # Each by itself first, so that what is wrong is said of the place where it stands.
    _checked(of_environment, lambda field: f"environment: {PREFIX}{field.upper()}")
    _checked(of_env_file, lambda field: f"{_place(env_file, kept[field])}: {kept[field]}")
    every = {**values, **of_env_file, **of_environment}
    return _checked(every, lambda field: f"{path}:{line_of(text, field)}: setting {field!r}")


def settings_file(folder: Path) -> tuple[Path, str, dict[str, Any]]:
    r"""The file of settings of a folder, its text, and what it holds; nothing where it is not there.

    Raises
    ------
    MonitorError
        If it cannot be read, or is not TOML.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "lamplighter.toml").write_text('home = "kept"\n')
    ...     settings_file(Path(folder))[2]
    {'home': 'kept'}
    """
    path = folder / SETTINGS_FILE
    text = _text(path)
    try:
        return path, text, tomllib.loads(text)
    except RecursionError:
        raise MonitorError("is nested without end", where=path, fix=LINES) from None
    except ValueError as error:
        raise MonitorError(f"not TOML: {one_line(error)}", where=path, fix=LINES) from None


def _fields_set(variables: Mapping[str, str]) -> dict[str, str]:
    """Each setting that variables give, and the name of its variable, in whatever case; an empty one gives nothing."""
    named = {name.upper(): name for name, value in variables.items() if value}
    fields = {f"{PREFIX}{field.upper()}": field for field in Settings.model_fields}
    return {field: named[variable] for variable, field in fields.items() if variable in named}


def _place(env_file: EnvFile, name: str) -> str:
    return f"{env_file.path}:{env_file.lines[name]}"


def _refuse_unknown_variables(variables: Iterable[tuple[str, str, str]]) -> None:
    """A misspelt variable would leave its setting at the default without a word."""
    known = [*(f"{PREFIX}{name.upper()}" for name in Settings.model_fields), *OTHER_VARIABLES]
    for name, value, place in variables:
        if value and name.upper().startswith(PREFIX) and name.upper() not in known and not OF_A_CLUSTER.search(name):
            raise MonitorError(f"unknown variable {name}", where=place, fix=did_you_mean(name, known))


def _text(path: Path) -> str:
    try:
        return read_bounded(path, MOST_OF_SETTINGS).decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnfitFileError as error:
        raise error.within(path) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise MonitorError(f"cannot be read: {reason}", where=path, fix="mend or remove it") from None


def _checked(values: dict[str, Any], place: Callable[[str], str]) -> Settings:
    try:
        return Settings(**values)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        message = detail["msg"].removeprefix("Value error, ").replace("Input should", "should")
        raise MonitorError(message, where=place(str(detail["loc"][0]))) from None


def line_of(text: str, name: str) -> int:
    """The line on which a setting or section stands; the first where it does not stand at the head of one.

    Examples
    --------
    >>> line_of('home = "kept"\\n[observability]\\nlargest = 5\\n', "largest")
    3
    """
    lines = enumerate(text.splitlines(), 1)
    return next((i for i, line in lines if re.match(rf"""\s*\[?\s*["']?{re.escape(name)}\b""", line)), 1)
