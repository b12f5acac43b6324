"""Commands that documents and messages name: they exist, with the options that they need."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from lamplighter.cli import cli

CHECKOUT = Path(__file__).parents[3]
NAMED = re.compile(r"`lamplighter ([^`\n]+(?:\n[^`\n]+)?)`")


def named() -> Iterator[tuple[Path, str]]:
    for path in [*CHECKOUT.glob("docs/**/*.md"), CHECKOUT / "README.md"]:
        text = path.read_text(encoding="utf-8")
        in_blocks = re.findall(r"^(?:\$ )?lamplighter ([^\n#|]+)", text, re.MULTILINE)
        yield from ((path, command) for command in [*NAMED.findall(text), *in_blocks])
    for folder in ("lamplighter", "tasks", "storage", "flows", "prometheus"):
        for path in (CHECKOUT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            yield from ((path, re.sub(r"\{[^{}]*\}", "X", command)) for command in NAMED.findall(text))


def fault_of(words: list[str]) -> str:
    """What is wrong with a command; nothing with one that is named without its arguments."""
    command: click.Command = cli
    context = click.Context(cli)
    while words and words[0] in ("-C", "--project"):
        words = words[2:]
    while words and isinstance(command, click.Group) and (found := command.get_command(context, words[0])):
        command, words = found, words[1:]
    if command is cli:
        return f"no command {words[0]}" if words and not words[0].startswith("-") else ""
    options = [it for it in command.get_params(context) if isinstance(it, click.Option)]
    words = words[: words.index("--")] if "--" in words else words
    used = {word.partition("=")[0] for word in words if word.startswith("--")}
    if unknown := used - {name for it in options for name in (*it.opts, *it.secondary_opts)}:
        return f"no option {unknown}"
    missing = [it.opts[0] for it in options if it.required and used.isdisjoint(it.opts)]
    return f"without {missing}" if missing and words else ""


def test_commands_that_are_named_can_be_called() -> None:
    every = [*named()]
    faults = [(path.name, command, fault) for path, command in every if (fault := fault_of(shlex.split(command)))]
    assert (faults, len(every) > 150) == ([], True)
