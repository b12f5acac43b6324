"""Other people's servers as child processes: taken ports, missing programs, servers that end or never answer."""

from __future__ import annotations

import socket
import sys
import urllib.request
from pathlib import Path

import pytest

from examples.stack.running import Program, Running, free_ports
from examples.stack.stack import running, watch
from lamplighter.errors import LamplighterError

DIES = "import sys; print('no such option'); sys.exit(3)"


def server(name: str, port: int) -> Program:
    """The standard library's own, which answers at once."""
    arguments = ("-m", "http.server", "--bind", "127.0.0.1", str(port))
    return Program(name, (sys.executable,), arguments, port, "/", "Python")


def fails(name: str, port: int, code: str = DIES) -> Program:
    return Program(name, (sys.executable,), ("-c", code), port, "/", "Python")


def test_servers_answer_in_the_block_and_are_gone_behind_it(tmp_path: Path) -> None:
    said: list[str] = []
    programs = [server(name, port) for name, port in zip(("one", "other"), free_ports(2), strict=True)]
    with running(programs, tmp_path, said.append) as started:
        for one in started.values():
            assert urllib.request.urlopen(one.program.address).status == 200
        assert [line.split() for line in said] == [[it.name, it.address] for it in programs]
    assert all(one.process.returncode is not None for one in started.values())


def test_a_taken_port_is_named_before_anything_is_started(tmp_path: Path) -> None:
    free, taken = free_ports(2)
    with socket.create_server(("127.0.0.1", taken)):
        with (
            pytest.raises(LamplighterError, match=rf"{taken} \(other\).*--ports free"),
            running([server("one", free), server("other", taken)], tmp_path),
        ):
            pass
        assert not [*tmp_path.iterdir()]


def test_a_missing_program_is_named_with_what_installs_it(tmp_path: Path) -> None:
    absent = Program("gauges", ("no-such-gateway", "nor-this"), (), free_ports(1)[0], "/", "Debian's gateway")
    expected = "gauges: no program no-such-gateway or nor-this on the PATH; install it: Debian's gateway"
    with pytest.raises(LamplighterError) as caught, running([absent], tmp_path):
        pass
    assert str(caught.value) == expected


def test_a_server_that_ends_is_said_with_its_last_lines_and_the_others_are_stopped(tmp_path: Path) -> None:
    sound, dying = free_ports(2)
    first = Running(server("one", sound), tmp_path)
    first.wait()
    first.stop()
    with (
        pytest.raises(LamplighterError, match=r"other: ended with 3: no such option; read .*other\.log"),
        running([server("one", sound), fails("other", dying)], tmp_path),
    ):
        pass
    with socket.create_server(("127.0.0.1", sound)):
        """The port of the other one is free again."""


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    silent = Running(fails("silent", free_ports(1)[0], "import time; time.sleep(600)"), tmp_path)
    with pytest.raises(LamplighterError, match=r"silent: no answer after 0 s; read .*silent\.log"):
        silent.wait(0.3)
    silent.stop()


def test_a_server_that_ends_later_ends_the_watch(tmp_path: Path) -> None:
    with running([server("one", free_ports(1)[0])], tmp_path, lambda _: None) as started:
        started["one"].process.kill()
        with pytest.raises(LamplighterError, match="one: ended with -9"):
            watch(started)


def test_one_that_is_started_again_listens_where_it_did(tmp_path: Path) -> None:
    with running([server("one", free_ports(1)[0])], tmp_path, lambda _: None) as started:
        started["one"].process.kill()
        started["one"].start_again()
        assert urllib.request.urlopen(started["one"].program.address).status == 200
