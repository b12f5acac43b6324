"""Settings: the environment over lamplighter.toml over defaults, and the message when one is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.errors import MonitorError
from storage.project.settings import AUTO, Settings, load_settings

SECRET = "hunter2"


def refusal(folder: Path) -> str:
    with pytest.raises(MonitorError) as caught:
        load_settings(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert SECRET not in message
    return message.replace(str(folder), "DIR")


def test_defaults(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings == Settings()
    assert (settings.home, settings.gauge_sink, settings.series_per_model) == (
        Path(".lamplighter"),
        AUTO,
        500,
    )
    assert (settings.history_url, settings.pushgateway_url, settings.textfile_dir) == (None, None, None)


def test_the_environment_over_the_file_over_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lamplighter.toml").write_text('home = "there"\nseries_per_model = 9\nwait_seconds = 1.5\n')
    monkeypatch.setenv("LAMPLIGHTER_SERIES_PER_MODEL", "7")
    monkeypatch.setenv("LAMPLIGHTER_PUSHGATEWAY_URL", "gateway:9091/")
    monkeypatch.setenv("LAMPLIGHTER_GAUGE_SINK", "")
    settings = load_settings(tmp_path)
    assert (settings.home, settings.series_per_model, settings.wait_seconds) == (Path("there"), 7, 1.5)
    assert settings.pushgateway_url is not None
    assert settings.pushgateway_url.get_secret_value() == "http://gateway:9091"
    assert settings.gauge_sink == AUTO, "an empty variable is none"


def test_a_wrong_value_of_the_file_that_the_environment_replaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lamplighter.toml").write_text("series_per_model = 0\n")
    monkeypatch.setenv("LAMPLIGHTER_SERIES_PER_MODEL", "7")
    assert load_settings(tmp_path).series_per_model == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            'home = "x"\npushgatway_url = "u"\n',
            "DIR/lamplighter.toml:2: unknown setting 'pushgatway_url'; did you mean 'pushgateway_url'? known: home, ",
            id="unknown",
        ),
        pytest.param(
            "_env_file = 'x'\n", "DIR/lamplighter.toml:1: unknown setting '_env_file'; known: home", id="hidden"
        ),
        pytest.param(
            "[lamplighter]\nhome = 'x'\n", "DIR/lamplighter.toml:1: unknown setting 'lamplighter'", id="a table"
        ),
        pytest.param(
            "\nseries_per_model = 'many'\n", ":2: setting 'series_per_model': should be a valid integer", id="text"
        ),
        pytest.param("series_per_model = 0\n", ":1: setting 'series_per_model': should be greater than 0", id="zero"),
        pytest.param(
            "wait_seconds = -1\n", ":1: setting 'wait_seconds': should be greater than or equal to 0", id="neg"
        ),
        pytest.param("gauge_sink = 'push'\n", "'gauge_sink': should be 'auto', 'pushgateway' or 'textfile'", id="sink"),
        pytest.param(
            f"pushgateway_password = ['{SECRET}']\n", "'pushgateway_password': should be a valid string", id="pw"
        ),
        pytest.param(
            f"pushgateway_url = 'http://ops:{SECRET}@host:9091'\n",
            "'pushgateway_url': takes no user in the URL; set pushgateway_user and pushgateway_password",
            id="a password in the URL",
        ),
        *(
            pytest.param(
                f"pushgateway_url = 'http://host:9091/{tail}'\n",
                "'pushgateway_url': takes no query, fragment or blank; set pushgateway_user and pushgateway_password",
                id=f"pushgateway {tail[0]}",
            )
            for tail in (f"?token={SECRET}", f"#{SECRET}", f"a {SECRET}")
        ),
        pytest.param(
            f"pushgateway_url = 'http://host:{SECRET}'\n",
            "'pushgateway_url': is not the URL of a Pushgateway; write one such as http://localhost:9091",
            id="no port",
        ),
        pytest.param(
            "pushgateway_url = 'ftp://host'\n", "'pushgateway_url': is not the URL of a Pushgateway", id="ftp"
        ),
        pytest.param("home = \n", "DIR/lamplighter.toml: not TOML: Invalid value (at line 1, column 8)", id="not TOML"),
    ],
)
def test_a_setting_that_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "lamplighter.toml").write_text(text)
    assert message in refusal(tmp_path)


def test_a_wrong_variable_is_reported_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMPLIGHTER_SERIES_PER_MODEL", SECRET)
    assert refusal(tmp_path).startswith("environment: LAMPLIGHTER_SERIES_PER_MODEL: should be a valid integer")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "lamplighter.toml").write_bytes(b"home = '\xff'\n")
    assert refusal(tmp_path) == "DIR/lamplighter.toml: cannot be read: it is not UTF-8; mend or remove it"
    (tmp_path / "lamplighter.toml").unlink()
    (tmp_path / "lamplighter.toml").mkdir()
    assert refusal(tmp_path) == "DIR/lamplighter.toml: is no regular file; put a file of text there"


def test_secrets_are_masked_and_settings_frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMPLIGHTER_HISTORY_URL", f"postgresql://u:{SECRET}@h/d")
    monkeypatch.setenv("LAMPLIGHTER_PUSHGATEWAY_URL", f"http://{SECRET}")
    monkeypatch.setenv("LAMPLIGHTER_PUSHGATEWAY_PASSWORD", SECRET)
    settings = load_settings(tmp_path)
    shown = [repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())]
    assert [text for text in shown if SECRET in text] == []
    with pytest.raises(ValueError, match="frozen"):
        settings.home = Path("x")  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("LAMPLIGHTER_HISTROY_URL", "did you mean 'LAMPLIGHTER_HISTORY_URL'?"),
        ("LAMPLIGHTER_PROJECTS", "did you mean 'LAMPLIGHTER_PROJECT'?"),
        ("lamplighter_hom", "known: LAMPLIGHTER_HOME, "),
        ("LAMPLIGHTER_", "known: LAMPLIGHTER_HOME, "),
    ],
)
def test_an_unknown_variable_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, hint: str) -> None:
    monkeypatch.setenv(name, SECRET)
    assert refusal(tmp_path).startswith(f"environment: unknown variable {name}; ")
    assert hint in refusal(tmp_path)
    monkeypatch.setenv(name, "")
    assert load_settings(tmp_path) == Settings()


@pytest.mark.parametrize(
    "name",
    [
        "LAMPLIGHTER_PROJECT",
        "LAMPLIGHTER_ROOT",
        "LAMPLIGHTER_DEBUG",
        "lamplighter_project",
        "LAMPLIGHTERS_HOME",
        # What Kubernetes sets for services called lamplighter and lamplighter-worker.
        "LAMPLIGHTER_SERVICE_HOST",
        "LAMPLIGHTER_SERVICE_PORT",
        "LAMPLIGHTER_SERVICE_PORT_HTTP",
        "LAMPLIGHTER_PORT",
        "LAMPLIGHTER_PORT_4200_TCP",
        "LAMPLIGHTER_PORT_4200_TCP_PROTO",
        "LAMPLIGHTER_PORT_4200_TCP_PORT",
        "LAMPLIGHTER_WORKER_PORT_4200_TCP_ADDR",
        "LAMPLIGHTER_WORKER_SERVICE_HOST",
    ],
)
def test_variables_that_are_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    assert load_settings(tmp_path) == Settings()
