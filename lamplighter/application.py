"""Where the folders of the application are.

In a checkout `flows`, `tasks` and `storage` lie beside this package. The wheel carries them inside it: no other program
of the environment finds a package called `tasks`. They come onto the path when the application starts (docs/adr/0020).
"""

from __future__ import annotations

import sys
from pathlib import Path

_BUNDLED = Path(__file__).parent / "_application"

IS_CHECKOUT = not _BUNDLED.is_dir()
"""Whether it runs from a checkout, where examples, documents and tests are too."""

ROOT = Path(__file__).parents[1] if IS_CHECKOUT else _BUNDLED
"""The folder that holds `flows`, `tasks` and `storage`: of deployments and child processes the one to start from."""


def put_on_path() -> None:
    """Make `flows`, `tasks` and `storage` importable in this process, before packages of the same names."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
