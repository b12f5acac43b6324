"""YAML as people read it: in the order given, with text of several lines as it reads."""

from __future__ import annotations

import yaml

HEADER = (
    "# Rendered by `lamplighter render`; change [observability] in lamplighter.toml, or what stands in prometheus/.\n"
)


def yaml_text(content: object) -> str:
    r"""What a rendered file holds.

    Examples
    --------
    >>> print(yaml_text({"expr": "up\n  == 0"}).partition("\n")[2], end="")
    expr: |-
      up
        == 0
    """
    return HEADER + yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as it reads, and no anchors."""

    def ignore_aliases(self, data: object) -> bool:
        """Write what occurs twice twice."""
        return True


def _represented(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represented)
