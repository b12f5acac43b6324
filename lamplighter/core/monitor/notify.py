"""The part of a monitor file that says who is notified."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from lamplighter.core.monitor.fields import Section, fault, listed
from lamplighter.core.secrets import notification_fault


def _clear(url: SecretStr) -> SecretStr:
    """A URL, when it is clear which part of it is the password."""
    if what := notification_fault(url.get_secret_value()):
        raise ValueError(what)
    return url


Urls = Annotated[tuple[Annotated[SecretStr, AfterValidator(_clear)], ...], BeforeValidator(listed)]


class Notify(Section):
    """Who is notified of incidents, and by whom: either Lamplighter sends the messages, or Alertmanager does."""

    via: Literal["apprise", "alertmanager"] = Field(
        default="apprise",
        description="`apprise` sends to `to`; `alertmanager` sends nothing, and LamplighterIncidentOpen alerts",
    )
    to: Urls = Field(default=(), description="apprise URLs, such as mailto://, slack://, workflows:// or pagerduty://")

    @model_validator(mode="after")
    def _one_of_them(self) -> Notify:
        if self.via == "alertmanager" and self.to:
            raise fault("alertmanager sends by routes of its own; leave out to, or write via: apprise", "to")
        return self


def _urls(value: Any) -> Any:
    """URLs alone, as what is sent by apprise; `alertmanager` alone, as what it sends."""
    named = (value,) if isinstance(value, str) else value
    if isinstance(named, list | tuple) and "alertmanager" in named:
        others = [url for url in named if url != "alertmanager"]
        return {"via": "alertmanager", **({"to": others} if others else {})}
    return {"to": value} if isinstance(value, str | list | tuple) else value


OptionalNotify = Annotated[Notify, BeforeValidator(_urls)]
