"""A service that is slow or fails because a request asks for it: how tests see that an alert follows."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Mapping

from fastapi import HTTPException

FAULTS = "FLIGHTS_FAULTS"
"""The variable that is 1 where the service obeys. Where it is not, a request can make no service slow."""

DELAY, FAIL = "x-flights-delay", "x-flights-fail"
"""The headers: seconds, at most 10, and the probability of an error."""


async def obey(headers: Mapping[str, str]) -> None:
    """Be as slow as the headers of a request say, and fail with the probability that they give, where `FAULTS` is 1.

    Examples
    --------
    >>> asyncio.run(obey({"x-flights-fail": "1"}))
    >>> os.environ[FAULTS] = "1"
    >>> try:
    ...     asyncio.run(obey({"x-flights-fail": "1"}))
    ... except HTTPException as fault:
    ...     print(fault.detail)
    asked to fail
    >>> del os.environ[FAULTS]
    """
    if os.environ.get(FAULTS) != "1":
        return
    await asyncio.sleep(min(max(float(headers.get(DELAY, 0)), 0), 10))
    if random.random() < float(headers.get(FAIL, 0)):
        raise HTTPException(500, "asked to fail")
