"""The template of the route that answered a request, from what its framework left in the scope; never the path itself.

A framework notes what it matched in the scope of the request, so that the template costs a look-up as a rule. Routes
are matched again only where that says too little: below a mount, whose path may hold parameters, and for plain routes
of Starlette in an app of FastAPI.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any

from lamplighter.core.records.live import OTHER

Scope = MutableMapping[str, Any]

MOST_KEPT = 1_000
"""Templates below mounts that are kept by the path of their mount, which a client may choose."""

MOST_MIDDLEWARES = 100


class Routes:
    """The routes of an application.

    Parameters
    ----------
    app : ASGI application
        The one that answers; middlewares around it are seen through.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._kept: dict[tuple[int, str], tuple[Any, str]] = {}

    def template(self, scope: Scope, root: str, path: str, status: int) -> str:
        """The template of a request that was answered, or `other` where no route has its path.

        Parameters
        ----------
        scope : mapping
            As the framework left it.
        root, path : str
            `root_path` and `path` of the scope before the framework had it.
        status : int
            Of the answer.
        """
        if "litestar_app" in scope:
            return _of_litestar(scope, status)
        if "endpoint" not in scope and status == 404:
            return OTHER
        route = scope.get("route")
        context = scope.get("fastapi", {}).get("effective_route_context")
        own = context if context is not None and context.original_route is route else route
        found: str | None = getattr(own, "path", None)
        is_whole = not hasattr(route, "routes") and getattr(route, "endpoint", None) is scope.get("endpoint")
        if found is None or not is_whole:
            return self._matched(scope, root, path) or OTHER
        below = scope.get("root_path", "")
        if below == root:
            return found
        # Routes of Starlette have no hash; kept beside its template, one keeps its id.
        kept, template = self._kept.get((id(own), below), (None, OTHER))
        if kept is not own:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            template = self._matched(scope, root, path) or OTHER
            self._kept[id(own), below] = own, template
        return template

    def _matched(self, scope: Scope, root: str, path: str) -> str | None:
        """The template by matching again, as the framework does."""
        asked = {**scope, "root_path": root, "path": path, "path_params": {}}
        for key in ("fastapi", "endpoint", "route", "app_root_path"):
            asked.pop(key, None)
        routes = _routes_behind(self._app)
        return _template(getattr(scope.get("app"), "routes", ()) if routes is None else routes, asked)


def _routes_behind(app: Any) -> Iterable[Any] | None:
    """The routes of the first application that has some, through the middlewares in front of it."""
    for _ in range(MOST_MIDDLEWARES):
        routes: Iterable[Any] | None = getattr(app, "routes", None)
        if routes is not None or app is None:
            return routes
        app = getattr(app, "app", None)
    return None


def _template(routes: Iterable[Any], scope: Scope) -> str | None:
    """The template of the first route that has the path and the method; else of the first that has the path."""
    partial = None
    for route in _flat(routes):
        match, more = route.matches(scope)
        if not match.value:
            continue
        # A mount names its own part; that of an app without routes, such as files, is all there is to name.
        name = getattr(route, "path", "")
        if inner := getattr(route, "routes", None):
            below = _template(inner, {**scope, **more})
            if below is None:
                continue
            name += below
        if match.name == "FULL":
            return name
        partial = partial or name
    return partial


def _flat(routes: Iterable[Any]) -> Iterator[Any]:
    """Routes with their whole path: since FastAPI 0.137 those of an included router stand behind it."""
    fastapi = sys.modules.get("fastapi.routing")
    contexts = getattr(fastapi, "iter_route_contexts", None)
    return iter(routes) if contexts is None else contexts(routes)


def _of_litestar(scope: Scope, status: int) -> str:
    template = scope.get("path_template")
    if template:
        return str(template)
    if (handler := scope.get("route_handler")) is not None:
        # What is mounted has no template; its handler has the paths that it was declared with.
        return str(min(handler.paths)) if len(handler.paths) == 1 else OTHER
    if status != 405:
        return OTHER
    path = scope.get("path", "")
    fitting = [route for route in scope["litestar_app"].routes if _fits(route.path_components, path)]
    return str(min(fitting, key=lambda route: len(route.path_parameters)).path_format) if fitting else OTHER


def _fits(components: Iterable[Any], path: str) -> bool:
    """Whether a path has the parts of a route of Litestar, whose parameters take any part."""
    parts = [part for part in path.split("/") if part]
    wanted = list(components)
    if wanted and not isinstance(wanted[-1], str) and wanted[-1].full.endswith(":path"):
        parts, wanted = parts[: len(wanted) - 1], wanted[:-1]
    return len(parts) == len(wanted) and all(
        not isinstance(want, str) or want == part for want, part in zip(wanted, parts, strict=True)
    )
