"""How large what people write may be; beside what reads it, since that need not be loaded to refuse a file."""

from __future__ import annotations

MOST_OF_A_MONITOR = 512 * 1024
"""Bytes. A monitor of 2,000 listed columns and 500 checks has 87 kB."""

MOST_OF_SETTINGS = 64 * 1024
"""Bytes. All settings with comments have 3 kB."""
