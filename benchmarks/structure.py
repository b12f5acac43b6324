"""The structure of the code: sizes, imports, cycles, examples and words; the last line is JSON.

Everything is counted from the text and the syntax tree, so that an older commit is measured without installing it:
`--rev f1143de` puts that commit beside the working tree. A sub-package is a folder of modules below a layer
(`storage/history`), or the layer's own files. Tests, examples and benchmarks are left out.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import re
import subprocess
import tarfile
import tempfile
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple, TypeAlias

ROOT = Path(__file__).parents[1]
LAYERS = ("lamplighter", "flows", "tasks", "storage", "dashboards", "prometheus")
FOLDERS_OF_THEIR_OWN = ("cli", "core", "serving", "evidently")
"""The folders of `lamplighter` that are layers."""

PROSE = (
    "README.md",
    "CONTRIBUTING.md",
    "Makefile",
    "examples/**/*.md",
    "examples/**/*.yaml",
    "docs/**/*.md",
    "prometheus/**/*.yml",
    "dashboards/**/*.json",
)
"""What readers see beside the code. ADRs and the changelog name what there was before, and are left out."""

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Figures: TypeAlias = dict[str, int | float | str]


class Replaced(NamedTuple):
    """A row of the table of plain words.

    Attributes
    ----------
    plain : str
        What is written today.
    words : str
        The words that it replaces, as a regular expression that is looked for in code and prose.
    names : str
        Names that it replaces and that are good English as words: they count only as names of the code, those with a
        dot in front as attributes alone.
    where : str
        The folders in which those names meant this; elsewhere they have another meaning.
    """

    plain: str
    words: str = ""
    names: str = ""
    where: str = ""


PLAIN_WORDS = (
    Replaced("run, logical_date, RunContext", r"(?<![a-z])(?:N|n)ights?(?:ly)?(?![a-z])|LamplighterNightMissing"),
    Replaced("run_window, WindowRun", r"(?<!\.)\b(?:W|w)alk(?:s|ed|ing)?\b|\bwalk_nights\b"),
    Replaced("request_retraining", r"\bcall_for\b"),
    Replaced("UnmatchedLabels", r"(?<![A-Za-z])(?:S|s)tray(?:s|_labels)?\b"),
    Replaced("IncidentChanges, apply_decisions", names="Turn turn turned"),
    Replaced("JudgeInputs, Snapshot", names="Known"),
    Replaced("WindowState, window_states", r"\bstandings\b", names="Standing"),
    Replaced("PendingWindow", names="Due"),
    Replaced("Located, monitor_reference", names="Reading .declared", where="tasks"),
    Replaced("ScanSpec, Scan, RowFilter, Fragment, open", names="Slice Rows Choice Part rows_of", where="storage"),
    Replaced("Scans.open", names="rows_of", where="tasks"),
    Replaced("inhibited, DATA_FAULTS", r"\bsilenc(?:ed|ing)(?:_\w+)?", names="BREAKS"),
    Replaced("working_copy, refreshed, as_saved", "", ".lent .renewed .brought_forward .written", "tasks"),
    Replaced("CustomMetric", r"\bOwn(?:Metric|Function)\b|\blamplighter_quality_own\b"),
    Replaced("ClassCodes", names="Labels", where="lamplighter/core/quality"),
    Replaced("did_you_mean", names="among", where="lamplighter/core/nearest.py"),
    Replaced("cap_series", names="fitted", where="lamplighter/core/gauges.py"),
    Replaced("unsupported_form, model_lock", r"\bahead_of_its_time\b|\bonly_one\b"),
    Replaced("the subject of the sentence", r"\b(?:N|n|S|s)(?:o|ome)body\b|\b(?:un)?told\b|\blent\b"),
    Replaced("Promote the challenger that awaits approval", r"Make champion what waits"),
)
WORDS = re.compile("|".join(row.words for row in PLAIN_WORDS if row.words))


def modules(root: Path) -> dict[str, Path]:
    """Every module of the layers by its dotted name."""
    found = {}
    for path in (path for name in LAYERS for path in sorted((root / name).rglob("*.py"))):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(name: str, path: Path, tree: ast.Module, known: Mapping[str, Path]) -> set[str]:
    """The modules of the layers that one imports anywhere in it, for types alone or inside of a function too."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    targets = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            below = {alias.name: f"{source}.{alias.name}" for alias in node.names}
            targets |= {below[it] if below[it] in known else source for it in below}
    return {target for target in targets if target in known and target != name}


def layer(path: Path) -> str:
    """The layer of a module, by its path in the repository.

    Examples
    --------
    >>> layer(Path("lamplighter/core/time/window.py")), layer(Path("storage/history/query.py"))
    ('core', 'storage')
    """
    first, *rest = path.parts
    return rest[0] if first == "lamplighter" and rest[0] in FOLDERS_OF_THEIR_OWN else first


def subpackage(path: Path) -> str:
    """The sub-package of a module, by its path in the repository.

    Examples
    --------
    >>> subpackage(Path("lamplighter/core/time/window.py")), subpackage(Path("lamplighter/core/limits.py"))
    ('core/time', 'core')
    >>> subpackage(Path("storage/history/migrations/env.py")), subpackage(Path("lamplighter/errors.py"))
    ('storage/history', 'lamplighter')
    """
    top = layer(path)
    below = path.parts[2 if top in FOLDERS_OF_THEIR_OWN else 1 : -1]
    return "/".join((top, *below[:1]))


def cycles(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other in a circle: the strongly connected ones (Tarjan 1972).

    Examples
    --------
    >>> cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}})
    [['b', 'c']]
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(imports[node]):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                groups.append(sorted(group))

    for node in sorted(imports):
        if node not in index:
            visit(node)
    return groups


def ninetieth(values: list[int]) -> int:
    """The value that 90 % do not pass."""
    return round(quantiles(values, n=10, method="inclusive")[-1])


def replaced_lines(path: Path, text: str) -> set[int]:
    """The lines of a file that use a word or a name that the table of plain words replaces.

    Examples
    --------
    >>> sorted(replaced_lines(Path("tasks/run.py"), "night = 1\\nrun = Due(run)\\n# due at midnight\\n"))
    [1, 2]
    """
    found = {i for i, line in enumerate(text.splitlines(), 1) if WORDS.search(line)}
    if path.suffix == ".py":
        names = {name for row in PLAIN_WORDS if path.as_posix().startswith(row.where) for name in row.names.split()}
        tokens = [token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.string]
        for before, token in pairwise(tokens):
            if token.type == tokenize.NAME and not names.isdisjoint((token.string, before.string + token.string)):
                found.add(token.start[0])
    return found


def lines_to_replace(root: Path) -> Iterator[tuple[Path, int, str]]:
    """Path, number and text of the lines of code and prose that use a word or a name that was replaced."""
    prose = {path for pattern in PROSE for path in root.glob(pattern) if "adr" not in path.parts}
    for path in [*modules(root).values(), *sorted(prose)]:
        text = path.read_text(encoding="utf-8")
        lines, below = text.splitlines(), path.relative_to(root)
        yield from ((below, number, lines[number - 1]) for number in sorted(replaced_lines(below, text)))


def examples(paths: Mapping[str, Path], trees: Mapping[str, ast.Module]) -> Iterator[tuple[str, bool]]:
    """For each public function at the top of a module its layer, and whether it has a runnable example."""
    for name, tree in trees.items():
        for node in tree.body:
            if isinstance(node, Function) and not node.name.startswith("_"):
                yield layer(paths[name]), ">>>" in (ast.get_docstring(node) or "")


def body_length(node: Function) -> int:
    r"""The lines of a function without its docstring, which examples make longer.

    Examples
    --------
    >>> body_length(ast.parse("def f():\n  'Documented.'\n  return 1").body[0])
    2
    """
    own = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node, clean=False) is None:
        return own
    return own - ((node.body[0].end_lineno or 0) - node.body[0].lineno + 1)


def percent(values: list[bool]) -> float:
    """The share of true values."""
    return round(100 * sum(values) / len(values), 1)


def measure(root: Path) -> Figures:
    """All figures of the tree below a folder."""
    files = modules(root)
    paths = {name: path.relative_to(root) for name, path in files.items()}
    texts = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    trees = {name: ast.parse(text) for name, text in texts.items()}
    imports = {name: imported(name, paths[name], tree, paths) for name, tree in trees.items()}
    rooms = {name: subpackage(path) for name, path in paths.items()}
    pairs = [(rooms[name], rooms[target]) for name, targets in imports.items() for target in targets]
    arrows = {(a, b) for a, b in pairs if a != b}
    lines = [len(text.splitlines()) for text in texts.values()]
    lengths = [body_length(node) for tree in trees.values() for node in ast.walk(tree) if isinstance(node, Function)]
    circles = cycles(imports)
    shown = list(examples(paths, trees))
    by_layer = {top: [has for at, has in shown if at == top] for top in sorted({at for at, _ in shown})}
    found = Counter(path.suffix == ".py" for path, _, _ in lines_to_replace(root))
    return {
        "files": len(files),
        "lines": sum(lines),
        "file_length_p90": ninetieth(lines),
        "files_over_400_lines": sum(length > 400 for length in lines),
        "functions": len(lengths),
        "function_length_p90": ninetieth(lengths),
        "functions_over_60_lines": sum(length > 60 for length in lengths),
        "subpackages": len(set(rooms.values())),
        "imports_inside_subpackages": sum(a == b for a, b in pairs),
        "imports_between_subpackages": sum(a != b for a, b in pairs),
        "imports_per_file": round(len(pairs) / len(files), 2),
        "arrows_between_subpackages": len(arrows),
        "arrows_inside_a_layer": sum(a.split("/")[0] == b.split("/")[0] for a, b in arrows),
        "import_cycles": len(circles),
        "files_in_cycles": sum(map(len, circles)),
        "lines_to_replace_in_code": found[True],
        "lines_to_replace_in_docs": found[False],
        "examples_percent": percent([has for _, has in shown]),
        **{f"examples_{top}": f"{sum(has)}/{len(has)}" for top, has in by_layer.items()},
    }


def measure_commit(revision: str) -> Figures:
    """All figures of a commit of this repository."""
    packed = subprocess.run(["git", "-C", ROOT, "archive", revision], check=True, capture_output=True).stdout
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
        return measure(Path(folder))


def main() -> None:
    """Print a table with a column for each commit and one for the working tree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rev", action="append", default=[], metavar="REV", help="a commit to compare with; repeatable"
    )
    parser.add_argument("--words", action="store_true", help="list the lines that use a word that is to be replaced")
    arguments = parser.parse_args()
    if arguments.words:
        for path, number, line in lines_to_replace(ROOT):
            print(f"{path}:{number}: {line.strip()}")
    measured = {revision: measure_commit(revision) for revision in arguments.rev} | {"now": measure(ROOT)}
    print(f"{'':30}" + "".join(f"{revision:>16}" for revision in measured))
    for figure in dict.fromkeys(it for figures in reversed(measured.values()) for it in figures):
        print(f"{figure:30}" + "".join(f"{figures.get(figure, '-'):>16}" for figures in measured.values()))
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
