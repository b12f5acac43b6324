"""Every file that Grafana loads, by its path below the folder of dashboards."""

from __future__ import annotations

from dashboards.board_json import board_json
from dashboards.boards import BOARDS
from dashboards.measured import EVERYTHING
from dashboards.provisioning import provisioning_files
from storage.project.observability import Observability


def dashboard_files(config: Observability | None = None, measured: frozenset[str] = EVERYTHING) -> dict[str, str]:
    """The boards of a project, with the panels that have something to show, and Grafana's provisioning.

    Parameters
    ----------
    config : Observability, optional
        By default what the committed files are rendered with.
    measured : frozenset of str
        As `measured_by` has it.

    Examples
    --------
    >>> sorted(dashboard_files())[:2]
    ['lamplighter-fleet.json', 'lamplighter-itself.json']
    >>> sorted(dashboard_files())[-1]
    'provisioning/datasources/lamplighter.yaml'
    """
    config = config or Observability()
    boards = {f"lamplighter-{name}.json": board_json(board.of(measured), config) for name, board in BOARDS.items()}
    provisioning = provisioning_files(config, measured)
    return {**boards, **{f"provisioning/{name}": text for name, text in provisioning.items()}}
