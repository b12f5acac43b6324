"""Requests are counted by the template of their route in every framework, and never by their path."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import httpx
import litestar
import pytest
from fastapi import APIRouter, FastAPI, Header
from litestar.params import FromPath
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route

from lamplighter.serving import ModelInstruments, RequestMetrics, metrics_app


def fastapi_app(instruments: ModelInstruments) -> Any:
    inner = APIRouter(prefix="/inner")

    @inner.get("/{name}")
    def named(name: str) -> str:
        return name

    outer = APIRouter(prefix="/outer")

    @outer.post("/predict/{model}")
    def predict(model: str) -> str:
        return model

    outer.include_router(inner)
    mounted = FastAPI()

    @mounted.get("/score/{row}")
    def score(row: int) -> int:
        return row

    mounted.include_router(inner)
    app = FastAPI()

    @app.get("/items/{item}")
    def item(item: int, agent: Annotated[str, Header()] = "") -> int:
        return item

    app.include_router(outer)
    app.include_router(outer, prefix="/v2")
    app.mount("/sub", mounted)
    app.mount("/tenants/{tenant}", mounted)
    app.add_middleware(RequestMetrics, instruments=instruments)
    return app


def fastapi_wrapped(instruments: ModelInstruments) -> Any:
    app = FastAPI()

    @app.get("/items/{item}")
    def item(item: int) -> int:
        return item

    return RequestMetrics(app, instruments)


async def answer(request: Any) -> PlainTextResponse:
    return PlainTextResponse("yes")


def starlette_app(instruments: ModelInstruments) -> Any:
    inner = [Route("/predict/{model}", answer, methods=["POST"]), Mount("/deep", routes=[Route("/{a}", answer)])]
    routes = [
        Route("/items/{item:int}", answer),
        Mount("/sub", routes=inner),
        Mount("/files", app=PlainTextResponse("a file")),
        Host("api.example.org", app=Starlette(routes=[Route("/hosted/{a}", answer)])),
    ]
    return Starlette(routes=routes, middleware=[Middleware(RequestMetrics, instruments=instruments)])


def litestar_app(instruments: ModelInstruments) -> Any:
    @litestar.get("/items/{item:int}")
    async def item(item: FromPath[int]) -> int:
        return item

    @litestar.post("/predict/{model:str}")
    async def predict(model: FromPath[str]) -> str:
        return model

    @litestar.asgi("/files", is_mount=True, copy_scope=False)
    async def files(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("a file")(scope, receive, send)

    router = litestar.Router("/outer", route_handlers=[predict])
    return RequestMetrics(litestar.Litestar([item, router, files]), instruments)


ASKED = [
    (fastapi_app, "GET", "/items/12", "/items/{item}", 200),
    (fastapi_app, "GET", "/items/twelve", "/items/{item}", 422),
    (fastapi_app, "POST", "/outer/predict/churn", "/outer/predict/{model}", 200),
    (fastapi_app, "POST", "/v2/outer/predict/churn", "/v2/outer/predict/{model}", 200),
    (fastapi_app, "GET", "/outer/inner/a", "/outer/inner/{name}", 200),
    (fastapi_app, "GET", "/sub/score/3", "/sub/score/{row}", 200),
    (fastapi_app, "GET", "/sub/inner/a", "/sub/inner/{name}", 200),
    (fastapi_app, "GET", "/tenants/t1/score/3", "/tenants/{tenant}/score/{row}", 200),
    (fastapi_app, "GET", "/sub/openapi.json", "/sub/openapi.json", 200),
    (fastapi_app, "GET", "/docs", "/docs", 200),
    (fastapi_app, "GET", "/wp-login.php", "other", 404),
    (fastapi_app, "GET", "/sub/wp-login.php", "other", 404),
    (fastapi_app, "DELETE", "/items/12", "/items/{item}", 405),
    (fastapi_app, "DELETE", "/outer/predict/churn", "/outer/predict/{model}", 405),
    (fastapi_app, "DELETE", "/sub/score/3", "/sub/score/{row}", 405),
    (fastapi_wrapped, "GET", "/items/12", "/items/{item}", 200),
    (fastapi_wrapped, "GET", "/nothing", "other", 404),
    (starlette_app, "GET", "/items/12", "/items/{item:int}", 200),
    (starlette_app, "GET", "/items/twelve", "other", 404),
    (starlette_app, "POST", "/sub/predict/churn", "/sub/predict/{model}", 200),
    (starlette_app, "GET", "/sub/predict/churn", "/sub/predict/{model}", 405),
    (starlette_app, "GET", "/sub/deep/a", "/sub/deep/{a}", 200),
    (starlette_app, "GET", "/files/a/b", "/files", 200),
    (starlette_app, "GET", "http://api.example.org/hosted/a", "/hosted/{a}", 200),
    (starlette_app, "GET", "/sub/nothing", "other", 404),
    (litestar_app, "GET", "/items/12", "/items/{item}", 200),
    (litestar_app, "POST", "/outer/predict/churn", "/outer/predict/{model}", 201),
    (litestar_app, "GET", "/files/a/b", "/files", 200),
    (litestar_app, "GET", "/nothing", "other", 404),
    (litestar_app, "DELETE", "/outer/predict/churn", "/outer/predict/{model}", 405),
]


def instruments_of(name: str = "churn") -> ModelInstruments:
    return ModelInstruments(name, "12", registry=CollectorRegistry())


def asked(app: Any, method: str, path: str, root: str = "", **more: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, root_path=root)
        async with httpx.AsyncClient(transport=transport, base_url="http://service.example.org") as client:
            return await client.request(method, path, **more)

    return asyncio.run(send())


def counted(instruments: ModelInstruments) -> dict[tuple[str, str, str], float]:
    """How many requests each method, route and status has."""
    return {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for family in instruments.registry.collect()
        for sample in family.samples
        if sample.name == "requests_total" and sample.value
    }


@pytest.mark.parametrize(("app_of", "method", "path", "route", "status"), ASKED)
def test_a_request_is_counted_by_its_route(
    app_of: Callable[[ModelInstruments], Any], method: str, path: str, route: str, status: int
) -> None:
    instruments = instruments_of()
    app = app_of(instruments)
    for _ in range(2):
        assert asked(app, method, path).status_code == status
    assert counted(instruments) == {(method, route, str(status)): 2.0}


def test_paths_below_a_mount_with_a_parameter_have_one_template() -> None:
    instruments = instruments_of()
    app = fastapi_app(instruments)
    for tenant in range(5):
        asked(app, "GET", f"/tenants/t{tenant}/score/1")
    assert counted(instruments) == {("GET", "/tenants/{tenant}/score/{row}", "200"): 5.0}


def test_methods_are_bounded() -> None:
    instruments = instruments_of()
    app = starlette_app(instruments)
    for number in range(3):
        asked(app, f"VERB{number}", "/sub/predict/churn")
    assert counted(instruments) == {("other", "/sub/predict/{model}", "405"): 3.0}


def test_scrapes_and_probes_are_not_counted() -> None:
    instruments = instruments_of()
    app = FastAPI()
    app.add_middleware(RequestMetrics, instruments=instruments)
    app.mount("/metrics", metrics_app(instruments.registry))
    app.get("/health")(lambda: "well")
    app.get("/healthy-models")(lambda: "all")
    for path in ("/metrics", "/metrics/", "/health", "/healthy-models"):
        asked(app, "GET", path, follow_redirects=True)
    assert counted(instruments) == {("GET", "/healthy-models", "200"): 1.0}


def test_routes_beyond_the_most_are_other(caplog: pytest.LogCaptureFixture) -> None:
    instruments = instruments_of()
    routes = [Route(f"/route{number}", answer) for number in range(110)]
    app = RequestMetrics(Starlette(routes=routes), instruments)
    for route in routes:
        asked(app, "GET", route.path)
    assert counted(instruments)["GET", "other", "200"] == 10
    assert [record.getMessage() for record in caplog.records if record.name == "lamplighter.serving"] == [
        "churn: the label 'route' has 100 values; further ones, such as '/route100', are counted as 'other'"
    ]


@pytest.mark.parametrize("app_of", [fastapi_app, fastapi_wrapped, starlette_app])
def test_the_prefix_of_a_proxy_is_no_part_of_a_route(app_of: Callable[[ModelInstruments], Any]) -> None:
    instruments = instruments_of()
    assert asked(app_of(instruments), "GET", "/behind/a/proxy/items/12", root="/behind/a/proxy").status_code == 200
    ((_, route, _),) = counted(instruments)
    assert route.startswith("/items/{item")
