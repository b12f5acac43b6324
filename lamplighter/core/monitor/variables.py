"""``${VARIABLES}`` of a monitor file: filled in, and never repeated in a message."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lamplighter.core.limits import MOST_OF_A_MONITOR
from lamplighter.core.secrets import hide, url_secrets

VARIABLE = re.compile(r"\$\{(\w+)\}")


class Variables:
    """The variables that a file may name, and what of them has been used.

    A value that came from a variable may be a secret whatever its key is, so no message shows it.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.used: set[str] = set()
        self.letters = 0

    def fill(self, text: str) -> str:
        """A text with its variables filled in.

        Raises
        ------
        ValueError
            If one is not set or not well written, or if they make the file too large.

        Examples
        --------
        >>> variables = Variables({"HOST": "lamp.example"})
        >>> variables.fill("http://${HOST}/t"), variables.hide("no 'lamp.example' answers")
        ('http://lamp.example/t', "no '***' answers")
        """
        if "${" not in text:
            return text
        if "${" in VARIABLE.sub("", text):
            raise ValueError("a variable is written ${NAME}, of letters, digits and _")
        names = VARIABLE.findall(text)
        for name in names:
            if name not in self.environ:
                raise ValueError(f"the environment has no variable {name}; set it")
        self.letters += len(text) + sum(len(self.environ[name]) for name in names)
        if self.letters > MOST_OF_A_MONITOR:
            raise ValueError(
                f"the variables bring in more than {MOST_OF_A_MONITOR // 1024} KiB; name fewer, or shorter ones"
            )
        filled = VARIABLE.sub(lambda match: self.environ[match[1]], text)
        self.used |= {filled, *(self.environ[name] for name in names)}
        return filled

    def hide(self, message: str) -> str:
        """A message without what came from variables."""
        return hide(message, self._secrets()) if self.used else message

    def _secrets(self) -> set[str]:
        secrets = set(self.used)
        for value in self.used:
            secrets |= url_secrets(value) if "://" in value else set(re.split(r"[=,;\s]|\.\.", value))
            secrets |= _as_numbers(value)
        return secrets - {""}


def _as_numbers(value: str) -> set[str]:
    """A number as messages write it, such as 0.9 for 0.90."""
    try:
        number = float(value)
    except ValueError:
        return set()
    return {str(number), f"{number:g}"}
