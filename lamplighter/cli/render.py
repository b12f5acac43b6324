"""`lamplighter render`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import click
from pydantic import BeforeValidator
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

Schema = dict[str, Any]

SCHEMA_FILE = "monitor.schema.json"
VARIABLE = r"\$\{\w+\}"
NOTE = "<!-- Rendered by `lamplighter render`; edit the code that it is made from, not this page. -->"


@click.command(epilog="Example: lamplighter -C my-project render")
@click.option("--docs", type=click.Path(path_type=Path), metavar="DIR", help="Also the reference pages, into DIR.")
@click.option(
    "--checkout",
    is_flag=True,
    help="Also what is committed in the checkout of Lamplighter: docs/reference, prometheus/rules, dashboards.",
)
@click.option("--check", is_flag=True, help="Write nothing; name the files that are stale and exit with 1.")
@click.pass_obj
def command(project: str | None, docs: Path | None, checkout: bool, check: bool) -> None:
    """Write what is made from the catalogues and the models of monitor files and settings.

    That is monitors/monitor.schema.json in the project: name it in the first line of a monitor file,
    `# yaml-language-server: $schema=monitor.schema.json`, and an editor completes keys and marks mistakes.
    """
    from lamplighter.errors import LamplighterError
    from storage.project import Project

    files = {Project.open(project).monitors_folder / SCHEMA_FILE: schema_text()}
    if docs:
        files |= {docs / name: text for name, text in reference_pages().items()}
    if checkout:
        files |= checkout_files()
    try:
        stale = [path for path, text in files.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
        for path in stale:
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(files[path], encoding="utf-8")
    except OSError as error:
        raise LamplighterError(f"render: {error.filename} cannot be written: {error.strerror}") from None
    for path in stale:
        told = "stale or absent; the same command without --check writes it" if check else "written"
        click.echo(f"{path}: {told}", err=check)
    click.echo(f"{len(files) - len(stale)} of {len(files)} files {'are' if check else 'were'} up to date")
    sys.exit(1 if check and stale else 0)


def checkout_files() -> dict[Path, str]:
    """What is rendered and committed in the checkout, by path.

    Raises
    ------
    LamplighterError
        Outside a checkout, or where what only its development needs is not installed.
    """
    from lamplighter.errors import LamplighterError

    try:
        from dashboards.model import dashboard_json
        from prometheus.rules import rules_yaml
    except ModuleNotFoundError as error:
        raise LamplighterError(
            f"render --checkout: no module {error.name}; work in a checkout after `make setup`"
        ) from None
    root = Path(__file__).parents[2]
    return {
        **{root / "docs" / "reference" / name: text for name, text in reference_pages().items()},
        root / "prometheus" / "rules" / "nights.yml": rules_yaml(),
        root / "dashboards" / "model.json": dashboard_json(),
    }


def reference_pages() -> dict[str, str]:
    """The reference pages and the schema, by file name."""
    return {
        "metrics.md": metrics_page(),
        "gauges.md": gauges_page(),
        "monitor.md": monitor_page(),
        "settings.md": settings_page(),
        SCHEMA_FILE: schema_text(),
    }


# The schema of a monitor file: pydantic's own, turned from what is kept into what people write.


def schema_text() -> str:
    """The JSON Schema of a monitor file, as text."""
    return json.dumps(monitor_schema(), indent=2, ensure_ascii=False) + "\n"


def monitor_schema() -> Schema:
    """The JSON Schema (draft 7, which editors know best) of a monitor file.

    A file that `extends` another, or is there to be extended and names no model, need not be complete.
    """
    from lamplighter.core.monitor import Monitor

    made = Monitor.model_json_schema(by_alias=True, mode="validation", schema_generator=_AsWritten)
    schema: Schema = _plain(made)
    for name, definition in {"Monitor": schema, **schema["$defs"]}.items():
        for key, value in definition.get("properties", {}).items():
            if (name, key) in MEANINGS:
                value.setdefault("description", MEANINGS[name, key])
    complete = _demands(schema, schema)
    for name in _sections(schema, schema):
        schema["$defs"][name].pop("required", None)
    del schema["required"]
    extends = {"type": "string", "description": "a file beside this one whose keys this one replaces or adds to"}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A Lamplighter monitor",
        **schema,
        "properties": {"extends": extends, **schema["properties"]},
        "if": {"required": ["model"], "not": {"required": ["extends"]}},
        "then": complete,
    }


class _AsWritten(GenerateJsonSchema):
    """Gives each value that a validator reads from text the form in which it is written."""

    def function_before_schema(self, schema: Any) -> Schema:
        kept = super().function_before_schema(schema)
        written = _written_forms().get(schema["function"]["function"])
        return written(kept) if written else kept

    def encode_default(self, dft: Any) -> Any:
        from lamplighter.core.duration import format_duration

        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


@cache
def _written_forms() -> Mapping[Any, Callable[[Schema], Schema]]:
    """How what a validator reads is written, by validator."""
    from lamplighter.core.monitor import Reference, checks, sources

    def validator(alias: Any) -> Any:
        metadata = alias.metadata if isinstance(alias, FieldInfo) else alias.__metadata__
        return next(entry.func for entry in metadata if isinstance(entry, BeforeValidator))

    return {
        validator(sources.Names): lambda kept: {"anyOf": [{"type": "string"}, kept]},
        validator(sources.ClassLabel): lambda kept: {"type": ["string", "number", "boolean"]},
        validator(sources.OptionalFeatures): lambda kept: {"anyOf": [{"const": "auto"}, kept]},
        validator(sources.Duration): _text(r"\d+\s*[mhdw]", "3d", "12h"),
        validator(Reference.model_fields["days"]): _text(
            r"\d{4}-\d{2}-\d{2}\.\.\d{4}-\d{2}-\d{2}", "2013-01-01..2013-03-31"
        ),
        validator(checks.Percent): _text(r"\d+(\.\d+)?\s*%", "5%"),
        validator(checks.Slope): _text(r"[-+]?\d+(\.\d+)?\s+per\s+day", "-0.01 per day"),
        validator(checks.Runs): _text(r"\d+\s+of\s+\d+\s+days", "2 of 3 days"),
    }


def _text(pattern: str, *examples: str) -> Callable[[Schema], Schema]:
    schema = {"type": "string", "pattern": rf"^\s*({pattern})\s*$|{VARIABLE}", "examples": list(examples)}
    return lambda kept: dict(schema)


def _plain(schema: Any) -> Any:
    """Without what tells an editor nothing, and with `${VARIABLES}` wherever a form is prescribed."""
    if isinstance(schema, list):
        return [_plain(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: value for key, value in schema.items() if key not in ("title", "format", "writeOnly")}
    if made.get("default") in (None, "", []) or isinstance(made["default"], dict):
        made.pop("default", None)
    # Draft 7 has no prefixItems; both parts of every pair are of one type.
    if pair := made.pop("prefixItems", None):
        made["items"] = pair[0]
    made = {
        # Here the keys are names of the user's, not of the schema.
        key: {name: _plain(inner) for name, inner in value.items()} if key in ("properties", "$defs") else _plain(value)
        for key, value in made.items()
    }
    if made.get("type") in ("number", "integer", "boolean"):
        return made | {"type": [made["type"], "string"], "pattern": VARIABLE}
    if VARIABLE not in made.get("pattern", VARIABLE):
        return made | {"pattern": f"{made['pattern']}|{VARIABLE}"}
    return made


def _target(schema: Schema, root: Schema) -> tuple[str, Schema]:
    """The section that a property holds, and its name; empty where it holds none."""
    for option in (schema, *schema.get("anyOf", [])):
        if "$ref" in option:
            name = option["$ref"].rsplit("/", 1)[1]
            return name, root["$defs"][name]
    return "", {}


def _sections(schema: Schema, root: Schema) -> Iterator[str]:
    """The sections that `extends` merges: those that are reached by keys alone, not through a list."""
    for value in schema.get("properties", {}).values():
        name, section = _target(value, root)
        if "properties" in section:
            yield name
            yield from _sections(section, root)


def _demands(schema: Schema, root: Schema) -> Schema:
    """What a complete file must have, all the way down."""
    inner = {
        key: demands
        for key, value in schema.get("properties", {}).items()
        if (demands := _demands(_target(value, root)[1], root))
    }
    made: Schema = {"required": schema["required"]} if schema.get("required") else {}
    return made | ({"properties": inner} if inner else {})


MEANINGS = {
    ("Monitor", "model"): "name of the model, in every table, gauge and report",
    ("Monitor", "kind"): "what the model answers; `detection` is not there yet",
    ("Monitor", "every"): "how long a window is",
    (
        "Monitor",
        "schedule",
    ): "cron, in the model's zone; by default a quarter past the hour, or past five after the window",
    ("Monitor", "tags"): "owner, env and region become labels of the gauge `lamplighter_model_info`",
    ("Monitor", "predictions"): "what the model saw and answered",
    ("Monitor", "labels"): "where the truth is, and when it counts as complete; without it quality is not measured",
    ("Monitor", "features"): "which columns are the model's inputs; `auto` takes what is left",
    ("Monitor", "segments"): "columns; quality is measured for each of their values too, never for crossings",
    ("Monitor", "reference"): "what the current window is compared with",
    ("Monitor", "drift"): "how drift is measured and who calls it drift",
    ("Monitor", "metrics"): "metrics of the user's own",
    ("Monitor", "checks"): "limits on metrics",
    ("Monitor", "retrain"): "when retraining is recommended, and with what; nothing is retrained yet",
    ("Monitor", "notify"): "apprise URLs; nothing is sent yet",
    ("Sql", "url"): "SQLAlchemy URL; write it as a variable, it is masked in every output",
    ("Sql", "table"): "a table or view; or give query",
    ("Sql", "query"): "a query, which may use :start and :end; or give table",
    ("Predictions", "sql"): "a table or query; or give parquet",
    ("Predictions", "prediction"): "column of the answer: a label, a number, a ranked list or a text",
    ("Predictions", "duplicates"): "which of several rows with one id and version counts",
    ("Labels", "sql"): "a table or query; or give parquet",
    ("Labels", "id"): "column or columns that hold the id; by default those of the predictions",
    ("Features", "auto"): "take every column that has no other role",
    ("Features", "numeric"): "names or patterns such as `wind_*`",
    ("Features", "categorical"): "names or patterns",
    ("Features", "exclude"): "names or patterns of columns that are no features",
    ("Reference", "parquet"): "paths or globs of files",
    ("Reference", "days"): "a fixed range of days of the predictions",
    ("Reference", "trailing"): "the days before the window",
    ("Drift", "verdict"): "`evidently`: its default tests and thresholds; `calibrated` is not there yet",
    ("Drift", "false_alarms"): "rate of false alarms that `calibrated` keeps to",
    ("Drift", "seed"): "which rows the sample holds",
    ("OwnMetric", "name"): "how it is called in the history and in checks",
    ("OwnMetric", "function"): "path and name of the function",
    ("Check", "name"): "how it is called; by default made of its metric and form, such as `f1-below`",
    ("Check", "metric"): "a metric of the reference page `metrics.md`, or one of `metrics`",
    ("Check", "feature"): "the column, for a metric of columns",
    ("Check", "class"): "the class, for a metric of classes",
    ("Check", "severity"): "how loudly a failure is told",
    ("Check", "above"): "fails above this value; a quantile of the past is not there yet",
    ("Check", "below"): "fails below this value; a quantile of the past is not there yet",
    ("Check", "falls"): "fails when the metric falls by more; not there yet",
    ("Check", "rises"): "fails when the metric rises by more; not there yet",
    ("Check", "versus"): "what falls and rises are measured against",
    ("Check", "slope"): "fails beyond this slope; not there yet",
    ("Check", "over"): "over how long the slope is taken",
    ("Check", "for"): "on how many of the last days it must fail; not there yet",
    ("Quantile", "quantile"): "which quantile",
    ("Quantile", "of"): "of how much of the past",
    ("Versus", "mean"): "the mean of this much of the past",
    ("Versus", "median"): "the median of this much of the past",
    ("Retrain", "on"): "names of the checks whose failure recommends it",
    ("Retrain", "trainer"): "path and name of a function",
    ("Retrain", "deployment"): "flow and deployment of somebody else's; or give trainer",
    ("Retrain", "cooldown"): "how long nothing is retrained again",
    ("Retrain", "accept"): "what a challenger must gain to replace the champion",
    ("Accept", "metric"): "the metric that champion and challenger are compared by",
    ("Accept", "gain"): "by how much the challenger must be better",
    ("Settings", "gauge_sink"): "`auto` is the Pushgateway when its URL is set, else a textfile",
    ("Settings", "pushgateway_url"): "such as http://localhost:9091",
    ("Settings", "pushgateway_user"): "for basic authentication",
    ("Settings", "pushgateway_password"): "for basic authentication",
}
"""What a key means, where its pydantic field has no description of its own."""


# The reference pages.

METRICS_INTRODUCTION = """\
What a night records. Every value carries `n`, the rows (or items) that it is computed from; one that is not defined is
recorded without a value and with the reason. Intervals are at 95 %. Where a metric is of single classes, features or
segments, the history has a row for each."""

INPUTS_INTRODUCTION = """\
Of the window that the night is about. They are counts and shares of all its rows, with no interval; `drift_*` and
`prediction_drift_*` are Evidently's, on a sample."""

GAUGES_INTRODUCTION = """\
What a night publishes, each model in place of what it published before. The unit is the suffix: `_ratio` is a share
between 0 and 1, `_seconds` seconds, `_timestamp_seconds` seconds since 1970; a gauge without one is a count, or in the
unit of what it measures. Gauges of quality and coverage show the newest window whose labels are final or reach
`min_coverage`; `lamplighter_quality_window_timestamp_seconds` says which."""

MONITOR_INTRODUCTION = f"""\
A YAML file in the folder `monitors/` of a project; one whose name begins with `_` is there to be extended. Paths are
relative to the project. `${{NAME}}` stands for a variable of the environment. Unknown keys are refused. Bold keys are
obligatory. The JSON Schema for editors is [{SCHEMA_FILE}]({SCHEMA_FILE})."""

SETTINGS_INTRODUCTION = """\
Of the process, not of a model. A variable of the environment wins over `lamplighter.toml` in the project folder.
Relative folders are relative to the project."""


def metrics_page() -> str:
    """Every metric that a night records."""
    from lamplighter.core.catalogue import ARRIVAL_METRICS, INPUT_METRICS, LABEL_METRICS
    from lamplighter.core.gauges import BY_METRIC
    from lamplighter.core.monitor import Kind
    from lamplighter.core.quality import METRICS

    def gauge(name: str) -> str:
        return f"`{BY_METRIC[name].name}`" if name in BY_METRIC else ""

    parts = [
        NOTE,
        "# Metrics",
        METRICS_INTRODUCTION,
    ]
    for kind in Kind:
        rows = [
            (
                f"`{name}`",
                entry.help,
                f"`{entry.formula}`",
                entry.interval,
                _range(entry.lower, entry.upper),
                entry.better,
            )
            for name, entry in METRICS.items()
            if kind.value in entry.kinds
        ]
        if rows:
            parts.append(f"## Quality: {kind.value}")
            parts.append(_table(("metric", "what it is", "formula", "interval", "range", "better"), rows))
    for title, text, named in (
        ("Inputs", INPUTS_INTRODUCTION, INPUT_METRICS),
        ("Labels", "Of every window whose labels are awaited.", LABEL_METRICS),
        ("Arrivals", "Of the labels that arrived during the window that the night is about.", ARRIVAL_METRICS),
    ):
        rows_of_counts = [(f"`{name}`", meaning, _bounds(gauge(name)), gauge(name)) for name, meaning in named.items()]
        parts += [f"## {title}", text, _table(("metric", "what it is", "range", "gauge"), rows_of_counts)]
    return _page(parts)


def _range(lower: float | None, upper: float | None) -> str:
    if lower is None:
        return "any number" if upper is None else f"at most {upper:g}"
    return f"at least {lower:g}" if upper is None else f"{lower:g} to {upper:g}"


def _bounds(gauge: str) -> str:
    return _range(0.0, 1.0) if gauge.endswith(("_ratio`", "_detected`", "_p_value`")) else ""


def gauges_page() -> str:
    """Every gauge."""
    from lamplighter.core.gauges import GAUGES

    rows = [
        (
            f"`{gauge.name}`",
            gauge.help,
            f"`{gauge.metric}`" if gauge.metric else "",
            ", ".join(("model", *gauge.labels)),
        )
        for gauge in GAUGES
    ]
    return _page(
        [
            NOTE,
            "# Gauges",
            GAUGES_INTRODUCTION,
            _table(("gauge", "what it shows", "metric", "labels"), rows),
        ]
    )


def monitor_page() -> str:
    """Every key of a monitor file."""
    schema = monitor_schema()
    places: dict[str, str] = {}
    _place_sections(schema, schema, places)
    parts = [
        NOTE,
        "# A monitor file",
        MONITOR_INTRODUCTION,
    ]
    required = _obligatory()
    for name, section in {"Monitor": schema, **{name: schema["$defs"][name] for name in places}}.items():
        rows = [
            (
                f"**`{key}`**" if key in required[name] else f"`{key}`",
                _written(value, schema, places),
                f"`{_as_yaml(value['default'])}`" if "default" in value else "",
                value.get("description", ""),
            )
            for key, value in section["properties"].items()
        ]
        if name != "Monitor":
            parts += [f"## {places[name]}", section["description"].replace("``", "`").replace("\n\n", "\n")]
        parts.append(_table(("key", "what to write", "default", "what it means"), rows))
    return _page(parts)


def _obligatory() -> dict[str, tuple[str, ...]]:
    """The keys that each section must have, whichever way it is reached."""
    from lamplighter.core.monitor import Monitor

    made = Monitor.model_json_schema(by_alias=True, mode="validation")
    return {name: tuple(part.get("required", ())) for name, part in {"Monitor": made, **made["$defs"]}.items()}


def _place_sections(schema: Schema, root: Schema, places: dict[str, str], place: str = "") -> None:
    """Note for each section the key that it stands under first."""
    for key, value in schema["properties"].items():
        name, section = _target(value.get("items", value), root)
        if "properties" in section:
            inner = f"{place}.{key}" if place else key
            if name not in places:
                places[name] = inner
                _place_sections(section, root, places, inner)


def _written(schema: Schema, root: Schema, places: Mapping[str, str]) -> str:
    """What to write, in words."""
    if "$ref" in schema:
        name, target = _target(schema, root)
        if "enum" in target:
            return _written(target, root, places)
        return f"[{places[name]}](#{places[name].replace('.', '')})"
    if "anyOf" in schema:
        options = [option for option in schema["anyOf"] if option.get("type") != "null"]
        return " or ".join(dict.fromkeys(_written(option, root, places) for option in options))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "examples" in schema:
        return "such as " + ", ".join(f"`{example}`" for example in schema["examples"])
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if types[0] == "array":
        pair = "two of" if schema.get("maxItems") == 2 else "list of"
        return f"{pair} {_written(schema['items'], root, places)}"
    if types[0] == "object":
        return f"mapping to {_written(schema['additionalProperties'], root, places)}"
    if types == ["string", "number", "boolean"]:
        return "text or number"
    return {"string": "text", "number": "number", "integer": "whole number", "boolean": "`true` or `false`"}[types[0]]


def _as_yaml(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def settings_page() -> str:
    """Every setting of the process."""
    from storage.settings import SETTINGS_FILE, Settings

    prefix = Settings.model_config["env_prefix"]
    properties = Settings.model_json_schema(mode="validation")["properties"]
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        meaning = field.description or MEANINGS.get(("Settings", name), "")
        rows.append((f"`{name}`", f"`{prefix}{name.upper()}`", _kind_of_setting(properties[name]), default, meaning))
    return _page(
        [
            NOTE,
            "# Settings",
            SETTINGS_INTRODUCTION,
            _table((f"key in {SETTINGS_FILE}", "variable", "type", "default", "what it means"), rows),
        ]
    )


def _kind_of_setting(schema: Schema) -> str:
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    option = options[0]
    if "$ref" in option:
        from storage.settings import GaugeSink

        return ", ".join(f"`{value.value}`" for value in GaugeSink)
    if option.get("format") in ("password", "path"):
        return {"password": "text, never printed", "path": "path"}[option["format"]]
    return {"string": "text", "integer": "whole number", "number": "number"}[option["type"]]


def _page(parts: list[str]) -> str:
    return "\n\n".join(parts) + "\n"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(re.sub(r"\s*\n\s*", " ", cell).replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([line(head), "|" + "---|" * len(head), *(line(row) for row in rows)])
