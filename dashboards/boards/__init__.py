"""The boards, one file each, by name."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.boards.fleet import FLEET
from dashboards.boards.itself import ITSELF
from dashboards.boards.model import MODEL
from dashboards.boards.service import SERVICE
from dashboards.panels import Board

BOARDS: Mapping[str, Board] = {board.name: board for board in (FLEET, MODEL, SERVICE, ITSELF)}
