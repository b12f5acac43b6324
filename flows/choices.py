"""Parameters of flows that a person chooses from a list in Prefect's custom-run form."""

from __future__ import annotations

import os
from typing import Annotated, Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from lamplighter.errors import LamplighterError
from storage.project.folder import Project


class OneOfTheProject:
    """Writes the models of the project into the schema of a parameter.

    `prefect deploy` takes the schema of a deployment from the signature of its flow and from nowhere else. So the names
    are those of the project of LAMPLIGHTER_PROJECT when it is deployed. The type stays `str`: a flow that is called
    checks the name itself, against the monitors of that moment. The server refuses any other name, so a flow that runs
    start by its deployment, such as `retrain`, takes any name: a model may be newer than the deployment.
    """

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The schema of a text, with the names that it may have."""
        schema = handler(core)
        if names := _models():
            schema["enum"] = names
        return schema


def _models() -> list[str]:
    """Names of the project's models; none where no project is named, or where it cannot be read."""
    if not os.environ.get("LAMPLIGHTER_PROJECT"):
        return []
    try:
        return sorted(Project.open().models())
    except (LamplighterError, OSError):
        return []


Model = Annotated[str, OneOfTheProject()]
"""The name of a model."""
