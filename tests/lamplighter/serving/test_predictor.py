"""What the decorator of a function that predicts counts, and what it gives back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from prometheus_client import CollectorRegistry

from lamplighter.errors import LamplighterError
from lamplighter.serving import ModelInstruments
from tests.lamplighter.serving.exposed_series import value


def instruments_of() -> ModelInstruments:
    return ModelInstruments("churn", "12", kind="classification", registry=CollectorRegistry())


def test_a_function_is_decorated_plain_or_async() -> None:
    instruments = instruments_of()

    @instruments.predictor
    def plain(rows: list[str]) -> list[int]:
        """Say 1."""
        return [1 for _ in rows]

    @instruments.predictor
    async def waiting(rows: list[str]) -> list[int]:
        await asyncio.sleep(0)
        return [0 for _ in rows]

    assert plain(["a", "b"]) == [1, 1]
    assert asyncio.run(waiting(["a"])) == [0]
    assert (plain.__name__, plain.__doc__) == ("plain", "Say 1.")
    assert value(instruments.registry, "inference_requests_total", status="ok") == 2
    assert value(instruments.registry, "inference_predicted_class_total", class_="1") == 2


def test_a_decorated_function_keeps_the_rows_of_its_iterator() -> None:
    instruments = instruments_of()
    predict = instruments.predictor(lambda rows: map(len, rows))
    assert list(predict(["a", "bc", "d"])) == [1, 2, 1]
    assert value(instruments.registry, "inference_predicted_class_total", class_="1") == 2


def test_an_async_function_keeps_them_too() -> None:
    async def lengths(rows: list[str]) -> Iterator[int]:
        return map(len, rows)

    instruments = instruments_of()
    assert list(asyncio.run(instruments.predictor(lengths)(["a", "bc", "d"]))) == [1, 2, 1]
    assert value(instruments.registry, "inference_predicted_class_total", class_="1") == 2


def test_a_callable_that_waits_is_timed_until_it_answers() -> None:
    class Failing:
        async def __call__(self, rows: list[str]) -> list[int]:
            raise ZeroDivisionError

    instruments = instruments_of()
    with pytest.raises(ZeroDivisionError):
        asyncio.run(instruments.predictor(Failing())(["a"]))
    assert value(instruments.registry, "inference_failures_total", reason="model") == 1
    assert not value(instruments.registry, "inference_requests_total", status="ok")


def test_a_generator_is_not_decorated() -> None:
    def each(rows: list[str]) -> Iterator[int]:
        yield from map(len, rows)

    async def later(rows: list[str]) -> AsyncIterator[int]:
        yield len(rows)

    instruments = instruments_of()
    for function in (each, later):
        with pytest.raises(LamplighterError, match=r"is a generator, .*use a block"):
            instruments.predictor(function)  # type: ignore[arg-type]


def test_what_is_to_be_awaited_is_no_class(caplog: pytest.LogCaptureFixture) -> None:
    async def predict(rows: list[str]) -> list[int]:
        return [len(rows)]

    instruments = instruments_of()
    answer = instruments.predictor(lambda rows: predict(rows))(["a"])
    assert asyncio.run(answer) == [1]
    assert "a coroutine was given for predictions" in caplog.text
    assert value(instruments.registry, "inference_predicted_class_total") is None
