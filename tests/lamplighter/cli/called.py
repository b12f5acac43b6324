"""The command, called in a folder that a test names; and the one line of a mistake."""

from __future__ import annotations

from click.testing import CliRunner, Result

from lamplighter.cli import cli


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def mistake(*arguments: object) -> str:
    """The one line that reports a mistake."""
    result = run(*arguments)
    assert isinstance(result.exception, SystemExit)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    return result.stderr.strip()
