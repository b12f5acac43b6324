"""The command `lamplighter`."""

from __future__ import annotations

import sys

from lamplighter.application import put_on_path


def main() -> None:
    """Run the command, or say in one line what is not installed."""
    put_on_path()
    try:
        from lamplighter.cli import main as command
    except ModuleNotFoundError as error:
        line = f"no module {error.name}: only the part for model services is installed"
        print(f"lamplighter: {line}; run `pip install 'lamplighter[app]'`", file=sys.stderr)
        raise SystemExit(2) from None
    command()
