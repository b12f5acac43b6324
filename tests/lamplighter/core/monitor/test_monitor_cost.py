"""A monitor file that costs too much is refused in one line, before anything is built from it."""

from __future__ import annotations

import random
from typing import Any

import pytest
import yaml

from lamplighter.core.monitor import parse
from lamplighter.core.monitor.file_cost import MOST_DEPTH, MOST_VALUES, TooMuchError, check_cost
from lamplighter.errors import MonitorError
from tests.lamplighter.core.monitor.files import monitor_text
from tests.long_cases import long_but_for

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LEVELS = range(1, 9)
ALIASES = "\n".join(["a0: &a0 [1, 2]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in LEVELS)])
MERGES = "\n".join(["a0: &a0 {k: 1}", *(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in LEVELS)])
NESTED_MERGES = "\n".join(
    ["a0: &a0 {k: 1}", *(f"a{i}: &a{i} {{<<: *a{i - 1}, k{i}: *a{i - 1}}}" for i in range(1, 30))]
)
LONG_ALIAS = f"a: &a {'x' * 400_000}\nb: [{', '.join(['*a'] * 9000)}]"
SOUND = monitor_text()
DEEP, MANY = "is nested without end, or deeper than", "once its aliases (*name) are written out"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("x: " + "[" * 50_000, DEEP, id="brackets"),
        pytest.param("x: " + "{a: " * 50_000, DEEP, id="braces"),
        pytest.param("- " * 50_000, DEEP, id="dashes"),
        pytest.param("? " * 50_000, DEEP, id="question marks"),
        pytest.param("\n".join(" " * i + "a:" for i in range(400)), DEEP, id="indentation"),
        pytest.param("a: &a [*a]", "is nested without end", id="an alias of itself"),
        pytest.param(ALIASES, MANY, id="aliases"),
        pytest.param(MERGES, MANY, id="merge keys"),
        pytest.param(NESTED_MERGES, MANY, id="merge keys within one another"),
        pytest.param(LONG_ALIAS, MANY, id="a long text again and again"),
        pytest.param(
            "x: [" + "1," * 100_000 + "]", "holds more than 50,000 keys and values by this line; name", id="a long list"
        ),
        pytest.param("x: " + "y" * 600_000, "is larger than 512 KiB", id="a large file"),
        pytest.param(f"x: {'1:' * 2000}1.0", "not YAML: OverflowError", id="a number of 3,000 digits"),
        pytest.param(f"x: !!int {'9' * 5000}", "a tag (!!) other than !!str", id="a number by its tag"),
        pytest.param("x: !!timestamp 0000-00-00", "a tag (!!) other than !!str", id="a date by its tag"),
        pytest.param(f"{SOUND}top_k: {'9' * 5000}\n", "top_k: is not a whole number", id="5,000 digits"),
        pytest.param(f"{SOUND}checks: [{{metric: rows, above: 1e400}}]\n", "is not a finite number", id="1e400"),
        pytest.param(f"{SOUND}reference: {{days: 0000-00-00..0000-00-00}}\n", "is not a range of days", id="a date"),
        pytest.param(SOUND.replace("p.parquet", "'{day!r:>999999999}'"), "cannot be filled in", id="a wide path"),
        pytest.param(SOUND.replace("p.parquet", "'{day.year:>999999999}'"), "cannot be filled in", id="a wide year"),
        pytest.param(f"{SOUND}tags: {{a: '{'${A}' * 60_000}'}}\n", "the variables bring in more than", id="variables"),
        pytest.param(f"{SOUND}kind2: {'x' * 300_000}\n", "unknown key", id="a long value"),
        pytest.param(f"{SOUND}timezone: {'a/' * 50_000}\n", "unknown time zone", id="a long zone"),
        pytest.param(f"{SOUND}{'k' * 900}: 1\n", "unknown key", id="a long key"),
    ],
)
def test_a_file_that_costs_too_much_is_one_line(text: str, message: str) -> None:
    with pytest.raises(MonitorError) as caught:
        parse("m.yaml", text, environ={"A": "x" * 100_000})
    output = str(caught.value)
    assert output.startswith("m.yaml:")
    assert message in output
    assert len(output) < 2100
    assert output.isprintable()


@pytest.mark.parametrize("seed", long_but_for(range(20), range(5)))
def test_what_is_counted_is_what_is_built(seed: int) -> None:
    """The same limits hold for the text and for what PyYAML builds from it, written out by hand."""
    rng = random.Random(seed)
    lines = ["a0: &a0 [1, {k: 2}]"]
    for i in range(1, rng.randint(2, 7)):
        parts = [rng.choice(["1", f"*a{rng.randrange(i)}", "{k: v}", "[[x]]"]) for _ in range(rng.randint(1, 6))]
        lines.append(f"a{i}: &a{i} [{', '.join(parts)}]" if rng.random() < 0.7 else f"a{i}: &a{i} {{k: {parts[0]}}}")
    text = "\n".join(lines)
    built = yaml.safe_load(text)
    fits = _count(built) <= MOST_VALUES and _depth(built) <= MOST_DEPTH
    padding = "\n" + "\n".join(f"p{i}: 1" for i in range((MOST_VALUES - _count(built)) // 2))
    assert fits
    check_cost(text + padding, LOADER)
    with pytest.raises(TooMuchError):
        check_cost(f"{text}{padding}\nq: 1", LOADER)


def _count(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(1 + _count(inner) for inner in value.values())
    return 1 + sum(map(_count, value)) if isinstance(value, list) else 1


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


KEYS = "metric: missing_ratio, above: 0.1, severity: critical, undecided_after: 3"


@pytest.mark.parametrize(("columns", "checks"), [(2000, 1), (1000, 3)])
def test_a_large_monitor_fits(columns: int, checks: int) -> None:
    names = [f"sensor_{i:04}" for i in range(columns)]
    written = "".join(f"  - {{name: {name}-{i}, feature: {name}, {KEYS}}}\n" for name in names for i in range(checks))
    text = f"{SOUND}features: {{numeric: [{', '.join(names)}]}}\nchecks:\n{written}"
    assert len(parse("m.yaml", text, environ={}).checks) == columns * checks
