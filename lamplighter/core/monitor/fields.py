"""What the sections of a monitor file are made of: the section itself, and the values that its keys take."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from lamplighter.core.secrets import without_credentials
from lamplighter.core.time.duration import parse_duration
from lamplighter.core.values.plain import plain_identity


class Section(BaseModel):
    """A part of a monitor file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def fault(message: str, *at: str | int) -> PydanticCustomError:
    """A fault of keys that do not go together; ``at`` leads from the section to the one that it is reported at."""
    return PydanticCustomError("fault", "{message}", {"message": message, "at": at})


def zone(name: str) -> str:
    """The name of a time zone, when there is one of that name.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> zone("Europe/Berlin")
    'Europe/Berlin'
    >>> zone("Mars/Olympus")
    Traceback (most recent call last):
    ...
    ValueError: unknown time zone 'Mars/Olympus'; write one such as UTC or America/New_York
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name!r}; write one such as UTC or America/New_York") from None
    return name


WHOLE_DISK = re.compile(r"(?:file://)?/+(?:\.{1,2}/+)*[^/]*[*?\[]")
"""A pattern whose first folder is a wildcard."""


def sound_path(path: str) -> str:
    """A path that may be looked at: of signs that a path may hold, and of a part of the disk.

    Raises
    ------
    ValueError
        If it may not.

    Examples
    --------
    >>> sound_path("/data/log/**/*.parquet")
    '/data/log/**/*.parquet'
    """
    if odd := next((sign for sign in path if ord(sign) < 32 or ord(sign) == 127 or "\ud800" <= sign <= "\udfff"), None):
        raise ValueError(f"holds {odd!r}, which no path does; remove it")
    without_credentials(path)
    if WHOLE_DISK.match(path):
        raise ValueError(f"{path} looks at the whole disk; begin with the folder that holds the files")
    return path


def listed(value: Any) -> Any:
    """One text where a list is meant, as a list of one.

    Examples
    --------
    >>> listed("id"), listed(["shop", "id"])
    (['id'], ['shop', 'id'])
    """
    return [value] if isinstance(value, str) else value


def _duration(value: Any) -> timedelta:
    return value if isinstance(value, timedelta) else parse_duration(str(value))


def _lasting(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("no time at all; write a length such as 12h or 30d")
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is not a number; write one such as 1")
    return value


def _flag(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    # A variable of the environment is a text.
    flags = {"true": True, "false": False}
    if not isinstance(value, str) or value.lower() not in flags:
        raise ValueError("is neither true nor false; write one of them")
    return flags[value.lower()]


def class_label(value: object) -> str:
    """A class label as text, so that True, 1 and 1.0 are one class whatever stored them.

    Examples
    --------
    >>> class_label(True), class_label(1.0), class_label("late")
    ('1', '1', 'late')
    """
    if isinstance(value, str | int):
        return plain_identity(value)
    # A float, or a value of a table: numpy and pyarrow take 0.2 s, and few monitors name a class so.
    from lamplighter.core.values.identity import identity

    return identity(value) or ""


def _label(value: Any) -> str:
    if not isinstance(value, str | int | float) or value != value:
        raise ValueError("is not the label of a class; write a text, a number, true or false")
    return class_label(value)


Zone = Annotated[str, AfterValidator(zone)]
Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], BeforeValidator(listed)]
Path = Annotated[Name, AfterValidator(sound_path)]
Paths = Annotated[tuple[Path, ...], BeforeValidator(listed)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Lasting = Annotated[Duration, AfterValidator(_lasting)]
NO_FLAG = BeforeValidator(_number)
"""Behind the bounds of a number, so that they stand in its schema."""
Number = Annotated[float, Field(allow_inf_nan=False), NO_FLAG]
Flag = Annotated[bool, BeforeValidator(_flag)]
ClassLabel = Annotated[str, BeforeValidator(_label)]
