"""`lamplighter relay`."""

from __future__ import annotations

import signal

import click

from lamplighter.errors import LamplighterError

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@click.command(epilog="Example: lamplighter -C my-project relay --port 9094")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=9094, show_default=True, help="Port; 0 for a free one.")
@click.pass_obj
def command(project: str | None, host: str, port: int) -> None:
    """Take alerts from Alertmanager's webhook and send them on by apprise, to Teams and the rest.

    Receivers are URLs in [relay] of lamplighter.toml, and Alertmanager posts to /alertmanager/NAME, as the
    alertmanager.yml of `render --prometheus` does. It runs until it is ended.
    """
    from storage.project.folder import Project
    from storage.project.observability import load_observability
    from storage.project.relay import relay_receivers
    from storage.sinks.relay import Relay
    from storage.sinks.relay_server import PATH, RelayServer

    opened = Project.open(project)
    settings = opened.settings
    relay = Relay(relay_receivers(opened), load_observability(opened.root).critical, settings.notify_seconds)
    token = settings.relay_token.get_secret_value() if settings.relay_token else ""
    try:
        server = RelayServer((host, port), relay, token, lambda line: click.echo(f"relay: {line}", err=True))
    except (OSError, OverflowError) as error:
        what = f"cannot listen at {host}:{port}: {getattr(error, 'strerror', None) or error}"
        raise LamplighterError(what, where="relay", fix="give another --host or --port") from None
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    click.echo(f"relay: listening at http://{host}:{server.server_port}{PATH}NAME; receivers: {relay}")
    if not relay.receivers:
        click.echo("relay: nothing can be sent yet; write [relay] receivers in lamplighter.toml", err=True)
    if host not in LOOPBACK and not token:
        click.echo("relay: anyone who can reach it can send messages; set LAMPLIGHTER_RELAY_TOKEN", err=True)
    with server:
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            click.echo("relay: ended")
