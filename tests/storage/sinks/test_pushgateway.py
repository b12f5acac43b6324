"""Gauges out, to a real Pushgateway and to real folders."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lamplighter.core.evaluation.gauges import GAUGES, Sample
from lamplighter.errors import PublishError
from storage.project.folder import Project
from storage.project.settings import Settings
from storage.sinks import pushgateway
from storage.sinks.gauges import exposition, publish, withdraw_retired
from tests.storage.full_disk import full_disk
from tests.storage.sinks.gateways import free_port, needs_pushgateway
from tests.storage.sinks.gateways import pushgateway as pushgateway_server

PASSWORD = "secret"
# bcrypt of the password, 12 rounds: bcrypt itself is no dependency of ours.
BCRYPT = "$2b$12$xXMdOSHdHS35ARtbs.hCi.fyEs1FaLnzVevEztS3g4qQpSW52B.c6"

ROWS = Sample("lamplighter_data_rows", 3.0)
MISSING = Sample("lamplighter_data_missing_ratio", 0.5, (("feature", "temp"),))


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushgateway, "RETRY_SECONDS", (0.01, 0.02))


def project(root: Path, **settings: object) -> Project:
    return Project(root, Settings(**settings))  # type: ignore[arg-type]


@pytest.fixture(name="gateway")
def _gateway(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts a Pushgateway and gives its address; those that were started are stopped by their id."""
    with ExitStack() as started:

        def start(config: str = "") -> str:
            path = tmp_path / "web.yml"
            if config:
                path.write_text(config)
            return started.enter_context(pushgateway_server(path if config else None))

        yield start


def shown(address: str) -> set[str]:
    """The series of ours that the Pushgateway exposes, without those of its own."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return {line for line in lines if line.startswith("lamplighter_")}


def series(model: str, value: str = "3") -> str:
    return f'lamplighter_data_rows{{instance="",job="lamplighter",model="{model}"}} {value}'


# The Pushgateway.


@needs_pushgateway
def test_a_push_takes_the_place_of_the_one_before(gateway: Callable[..., str], tmp_path: Path) -> None:
    address = gateway()
    ours = project(tmp_path, pushgateway_url=f"http://{address}/")
    assert publish(ours, "m", [ROWS, MISSING]) == "Pushgateway, group job=lamplighter model=m"
    missing = 'lamplighter_data_missing_ratio{feature="temp",instance="",job="lamplighter",model="m"} 0.5'
    assert shown(address) == {series("m"), missing}
    publish(ours, "m", [Sample("lamplighter_data_rows", 4.0)])
    assert shown(address) == {series("m", "4")}


@needs_pushgateway
def test_every_gauge_and_label_is_taken(gateway: Callable[..., str], tmp_path: Path) -> None:
    address = gateway()
    odd = 'a "b"\\c\nd é'
    samples = [Sample(g.name, 1.0, tuple((label, odd) for label in g.labels)) for g in GAUGES]
    publish(project(tmp_path, pushgateway_url=address), "m", samples)
    assert len(shown(address)) == len(samples)


@needs_pushgateway
def test_a_retired_model_leaves_and_the_others_stay(gateway: Callable[..., str], tmp_path: Path) -> None:
    address = gateway()
    ours = project(tmp_path, pushgateway_url=address)
    (tmp_path / "monitors").mkdir()
    for model in ("old", "new"):
        (tmp_path / "monitors" / f"{model}.yaml").write_text(f"model: {model}\n")
        publish(ours, model, [ROWS])
    assert withdraw_retired(ours, ours.models()) == []
    assert shown(address) == {series("old"), series("new")}
    (tmp_path / "monitors" / "old.yaml").unlink()
    assert withdraw_retired(ours, ours.models()) == ["old"]
    assert shown(address) == {series("new")}
    assert [path.name for path in (ours.home / "gauges").iterdir()] == ["new.prom"]
    assert withdraw_retired(ours, ours.models()) == []


@needs_pushgateway
def test_basic_authentication(gateway: Callable[..., str], tmp_path: Path) -> None:
    address = gateway(f"basic_auth_users:\n  ops: {BCRYPT}\n")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        shown(address)
    publish(
        project(tmp_path, pushgateway_url=address, pushgateway_user="ops", pushgateway_password=PASSWORD), "m", [ROWS]
    )


@needs_pushgateway
@pytest.mark.parametrize("user", ["ops", None], ids=["wrong password", "no user"])
def test_a_refusal_is_reported_once_and_without_the_password(
    gateway: Callable[..., str], tmp_path: Path, user: str | None
) -> None:
    address = gateway(f"basic_auth_users:\n  ops: {BCRYPT}\n")
    ours = project(tmp_path, pushgateway_url=address, pushgateway_user=user, pushgateway_password="hunter2")
    with pytest.raises(PublishError) as caught:
        publish(ours, "m", [ROWS])
    message = "Pushgateway refused PUT for m: 401 Unauthorized; check pushgateway_user and pushgateway_password"
    assert str(caught.value) == message
    assert (ours.home / "gauges" / "m.prom").read_bytes() == exposition("m", [ROWS])


@needs_pushgateway
def test_a_clash_of_types_is_reported_with_its_reason(gateway: Callable[..., str], tmp_path: Path) -> None:
    address = gateway()
    body = b"# TYPE lamplighter_data_rows counter\nlamplighter_data_rows 1\n"
    request = urllib.request.Request(f"http://{address}/metrics/job/other", data=body, method="PUT")
    urllib.request.urlopen(request, timeout=5).close()
    with pytest.raises(PublishError, match=r"Pushgateway refused PUT for m: 400 .*inconsistent") as caught:
        publish(project(tmp_path, pushgateway_url=address), "m", [ROWS])
    assert "\n" not in str(caught.value)


def certificate(folder: Path) -> str:
    """Write a self-made certificate for 127.0.0.1, and a configuration of the Pushgateway that uses it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lamplighter test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    users = f"basic_auth_users:\n  ops: {BCRYPT}\n"
    return f"tls_server_config:\n  cert_file: {folder}/ca.pem\n  key_file: {folder}/key.pem\n{users}"


@needs_pushgateway
def test_tls_with_authentication(gateway: Callable[..., str], tmp_path: Path) -> None:
    address = gateway(certificate(tmp_path))
    known = {"pushgateway_url": f"https://{address}", "pushgateway_user": "ops", "pushgateway_password": PASSWORD}
    # A relative path is relative to the project.
    publish(project(tmp_path, **known, pushgateway_ca="ca.pem"), "m", [ROWS])
    with pytest.raises(PublishError) as caught:
        publish(project(tmp_path, **known), "m", [ROWS])
    assert "Pushgateway does not answer PUT for m: " in str(caught.value)
    assert "certificate verify failed" in str(caught.value)
    assert str(caught.value).endswith("; name its certificates as pushgateway_ca")
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["absent", "something else"])
def test_certificates_that_cannot_be_used(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "ca.pem").write_text(content)
    ours = project(tmp_path, pushgateway_url="https://127.0.0.1:1", pushgateway_ca="ca.pem")
    with pytest.raises(PublishError, match=r"pushgateway_ca .*ca\.pem cannot be used: \S"):
        publish(ours, "m", [ROWS])


class _Answers(BaseHTTPRequestHandler):
    """Answers with the codes that its server was given, one a request."""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.codes.pop(0))  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture(name="answering")
def _answering() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("codes", "left", "fails"),
    [
        pytest.param([200], 0, False, id="at once"),
        pytest.param([503, 500, 202], 0, False, id="the third time"),
        pytest.param([503, 503, 503, 200], 1, True, id="never"),
        pytest.param([400, 200, 200], 2, True, id="what is refused is not asked for again"),
    ],
)
def test_what_is_tried_again(answering: HTTPServer, tmp_path: Path, codes: list[int], left: int, fails: bool) -> None:
    answering.codes = codes  # type: ignore[attr-defined]
    ours = project(tmp_path, pushgateway_url=f"http://127.0.0.1:{answering.server_port}")
    if fails:
        with pytest.raises(PublishError, match="Pushgateway refused PUT for m: "):
            publish(ours, "m", [ROWS])
    else:
        publish(ours, "m", [ROWS])
    assert len(codes) == left


def test_a_gateway_that_is_down_is_asked_three_times_and_the_home_keeps_the_gauges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(pushgateway, "time", SimpleNamespace(sleep=pauses.append))
    ours = project(tmp_path, pushgateway_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(PublishError, match=r"Pushgateway does not answer PUT for m: .*refused"):
        publish(ours, "m", [ROWS])
    assert pauses == [0.01, 0.02]
    assert (ours.home / "gauges" / "m.prom").read_bytes() == exposition("m", [ROWS])
    with pytest.raises(PublishError, match="Pushgateway does not answer DELETE for m"):
        withdraw_retired(ours, [])
    assert (ours.home / "gauges" / "m.prom").exists(), "the next run tries again"


def test_a_server_that_speaks_something_else(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def answer() -> None:
            for _ in range(3):
                caller, _ = listener.accept()
                with caller:
                    caller.recv(65536)
                    caller.sendall(b"hello\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(PublishError, match="Pushgateway does not answer PUT for m: hello"):
            publish(project(tmp_path, pushgateway_url=f"127.0.0.1:{listener.getsockname()[1]}"), "m", [ROWS])
        thread.join()


def test_a_sink_without_a_url(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="set LAMPLIGHTER_PUSHGATEWAY_URL"):
        publish(project(tmp_path, gauge_sink="pushgateway"), "m", [ROWS])


# Textfiles.


def test_a_textfile_in_the_folder_of_node_exporter_and_in_the_home(tmp_path: Path) -> None:
    ours = project(tmp_path, textfile_dir="out")
    text = exposition("m", [ROWS])
    assert publish(ours, "m", [ROWS]) == str(tmp_path / "out" / "lamplighter-m.prom")
    assert (tmp_path / "out" / "lamplighter-m.prom").read_bytes() == text
    with (tmp_path / "out" / "lamplighter-m.prom").open("rb") as reader:
        publish(ours, "m", [MISSING])
        assert reader.read() == text, "who reads meanwhile reads the old file to its end"
    assert (tmp_path / "out" / "lamplighter-m.prom").read_bytes() == exposition("m", [MISSING])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["lamplighter-m.prom"]
    assert withdraw_retired(ours, ["other"]) == ["m"]
    assert list((tmp_path / "out").iterdir()) == list((ours.home / "gauges").iterdir()) == []


def test_the_home_alone(tmp_path: Path) -> None:
    ours = project(tmp_path)
    assert publish(ours, "m", [ROWS]) == str(ours.home / "gauges" / "m.prom")
    assert withdraw_retired(ours, ["m"]) == []


def test_the_textfile_sink_wins_over_a_url_when_it_is_chosen(tmp_path: Path) -> None:
    ours = project(tmp_path, gauge_sink="textfile", pushgateway_url=f"http://127.0.0.1:{free_port()}")
    assert publish(ours, "m", [ROWS]).endswith("m.prom")


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    ours = project(tmp_path, textfile_dir="out")
    publish(ours, "m", [ROWS])
    before = (tmp_path / "out" / "lamplighter-m.prom").read_bytes()
    with full_disk(), pytest.raises(PublishError, match=r"gauges: .*m\.prom cannot be written: File too large"):
        publish(ours, "m", [MISSING])
    assert (tmp_path / "out" / "lamplighter-m.prom").read_bytes() == before
    for folder in (ours.home / "gauges", tmp_path / "out"):
        assert len([*folder.iterdir()]) == 1, "nothing half-written is left"


@pytest.mark.parametrize("in_the_way", ["out", ".lamplighter"])
def test_a_folder_that_cannot_be_written(tmp_path: Path, in_the_way: str) -> None:
    (tmp_path / in_the_way).write_text("a file where a folder should be")
    with pytest.raises(PublishError, match=r"gauges: .* cannot be written: (Not a directory|File exists)"):
        publish(project(tmp_path, textfile_dir="out"), "m", [ROWS])


def test_a_textfile_that_cannot_be_removed(tmp_path: Path) -> None:
    ours = project(tmp_path, textfile_dir="out")
    publish(ours, "m", [ROWS])
    (tmp_path / "out" / "lamplighter-m.prom").unlink()
    (tmp_path / "out" / "lamplighter-m.prom").mkdir()
    with pytest.raises(PublishError, match=r"gauges: .*lamplighter-m\.prom cannot be removed: "):
        withdraw_retired(ours, [])
