"""What the tests of the serving part share."""

from __future__ import annotations

import logging

import pytest


@pytest.fixture(autouse=True)
def only_our_records(caplog: pytest.LogCaptureFixture) -> None:
    """Look at our own records alone: threads that tests of other parts began in this process log at any time."""

    def is_ours(record: logging.LogRecord) -> bool:
        return record.name.startswith("lamplighter")

    caplog.handler.addFilter(is_ours)
