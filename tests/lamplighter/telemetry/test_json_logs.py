"""Lines of JSON: what stands in them, and what becomes of records that cannot be written."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.telemetry.json_logs import JsonFormatter, log_as_json, logged_about


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("lamplighter-of-a-test")
    yield logger
    for handler in [*logger.handlers]:
        handler.close()
        logger.removeHandler(handler)


def test_a_record_is_one_line_whatever_it_holds(logger: logging.Logger, tmp_path: Path) -> None:
    log_as_json(tmp_path / "logs" / "runs.jsonl", logger.name)
    log_as_json(tmp_path / "logs" / "runs.jsonl", logger.name)
    with logged_about(model="churn"), logged_about(window="2026-03-02"):
        logger.info("ended: %s", 'two\nlines, a "quote" and é', extra={"fields": {"seconds": 0.5}})
    try:
        raise ValueError("no such customer")
    except ValueError:
        logger.exception("failed")
    first, second = (json.loads(line) for line in (tmp_path / "logs" / "runs.jsonl").read_text().splitlines())
    assert first["message"] == 'ended: two\nlines, a "quote" and é'
    assert {name: first[name] for name in ("level", "model", "window", "seconds")} == {
        "level": "info",
        "model": "churn",
        "window": "2026-03-02",
        "seconds": 0.5,
    }
    assert "model" not in second
    assert second["exception"].endswith("ValueError: no such customer")


def test_where_the_file_cannot_be_written_warnings_are_said_elsewhere(
    logger: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("no folder")
    log_as_json(tmp_path / "logs" / "runs.jsonl", logger.name)
    logger.info("nothing that a person has to know")
    logger.warning("%d rows were not written", 7)
    logger.error("the disk is full")
    first, *others = capsys.readouterr().err.splitlines()
    assert first.startswith(f"lamplighter: {tmp_path}/logs/runs.jsonl: the log cannot be written: ")
    assert others == ["warning: 7 rows were not written", "error: the disk is full"]


def _handled(logger: logging.Logger, message: str, *values: object) -> None:
    (handler,) = (it for it in logger.handlers if isinstance(it.formatter, JsonFormatter))
    handler.handle(logger.makeRecord(logger.name, logging.WARNING, "", 0, message, values, None))


def test_a_text_that_utf8_cannot_encode_is_a_line_like_others(
    logger: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log_as_json(tmp_path / "runs.jsonl", logger.name)
    # Not by the logger: pytest keeps what it says, and cannot pass such a text on to another process.
    _handled(logger, "an odd %s", "\ud800")
    assert json.loads((tmp_path / "runs.jsonl").read_text())["message"] == "an odd \ud800"
    assert capsys.readouterr().err == ""


def test_a_record_without_a_text_fails_nothing(
    logger: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log_as_json(tmp_path / "runs.jsonl", logger.name)
    _handled(logger, "%d rows", "many")
    assert "cannot be written" not in capsys.readouterr().err
    logger.warning("after it")
    assert json.loads((tmp_path / "runs.jsonl").read_text())["message"] == "after it"


def test_a_file_that_is_rotated_is_made_anew(logger: logging.Logger, tmp_path: Path) -> None:
    log_as_json(tmp_path / "runs.jsonl", logger.name)
    logger.warning("before")
    (tmp_path / "runs.jsonl").rename(tmp_path / "runs.jsonl.1")
    logger.warning("after")
    assert json.loads((tmp_path / "runs.jsonl").read_text())["message"] == "after"


def test_the_standard_error_is_a_place_too(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    log_as_json("-", logger.name)
    logger.warning("said")
    assert json.loads(capsys.readouterr().err)["message"] == "said"
