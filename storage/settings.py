"""Settings of the process: environment variables `LAMPLIGHTER_*` over `lamplighter.toml` over defaults."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lamplighter.errors import MonitorError

SETTINGS_FILE = "lamplighter.toml"


class GaugeSink(StrEnum):
    """Where gauges go: ``auto`` is the Pushgateway when its URL is set, else a textfile."""

    AUTO = "auto"
    PUSHGATEWAY = "pushgateway"
    TEXTFILE = "textfile"


class Settings(BaseSettings):
    """Settings that belong to a process and not to a model."""

    model_config = SettingsConfigDict(env_prefix="LAMPLIGHTER_", extra="forbid", frozen=True, hide_input_in_errors=True)

    home: Annotated[Path, Field(description="folder for history, profiles, reports and spool")] = Path(".lamplighter")
    history_url: Annotated[SecretStr | None, Field(description="SQLAlchemy URL; default SQLite in the home")] = None
    gauge_sink: GaugeSink = GaugeSink.AUTO
    textfile_dir: Annotated[Path | None, Field(description="node_exporter's textfile folder")] = None
    pushgateway_url: SecretStr | None = None
    pushgateway_user: str | None = None
    pushgateway_password: SecretStr | None = None
    pushgateway_ca: Annotated[Path | None, Field(description="certificates that the Pushgateway is checked by")] = None
    series_per_model: Annotated[int, Field(gt=0, description="most gauge series of a model")] = 500
    wait_seconds: Annotated[float, Field(ge=0, description="how long a night waits for another of its model")] = 600.0


def load_settings(folder: Path) -> Settings:
    """Settings of a project folder.

    Raises
    ------
    MonitorError
        If the file is not TOML, or a setting is unknown or of the wrong type.
    """
    path = folder / SETTINGS_FILE
    values: dict[str, Any] = {}
    if path.exists():
        try:
            values = tomllib.loads(path.read_text())
        except tomllib.TOMLDecodeError as error:
            raise MonitorError(f"{path}: not TOML: {error}") from None
    try:
        # Keyword arguments win over the environment, so the file's are only those that it does not set.
        environment = Settings(**{}).model_fields_set
        return Settings(**{key: value for key, value in values.items() if key not in environment})
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        name = str(detail["loc"][0])
        if detail["type"] != "extra_forbidden":
            raise MonitorError(f"{path}: setting {name!r}: {detail['msg']}") from None
        known = list(Settings.model_fields)
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise MonitorError(f"{path}: unknown setting {name!r}; {hint}known: {', '.join(known)}") from None
