"""The pages of docs/reference, made from the catalogues and from the models of monitor files and settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from lamplighter.cli.reference_checks import checks_page
from lamplighter.core.evaluation.gauges import GAUGES
from lamplighter.core.kinds import KINDS, Kind
from lamplighter.core.monitor.schema import (
    SCHEMA_FILE,
    Schema,
    monitor_schema,
    obligatory_keys,
    schema_text,
    section_of,
)
from lamplighter.core.records.catalogue import ARRIVAL_METRICS, INPUT_METRICS, LABEL_METRICS, QUALITY_METRICS
from lamplighter.core.records.image_faults import FaultCode
from lamplighter.core.records.image_statistics import IMAGE_STATISTICS, ImageStatistic
from lamplighter.core.records.live import LATENCY_BUCKETS, LIVE, MOST_VALUES, Reason
from lamplighter.core.records.metric import Metric
from lamplighter.core.time.duration import format_duration
from lamplighter.images.decoding import MOST_PIXELS
from lamplighter.images.headers import FORMATS
from lamplighter.images.working import SAMPLED_ROWS, WORKING_SIDE
from storage.project.observability import Observability
from storage.project.observability_fields import ConfigSection, config_section_of
from storage.project.settings import PREFIX, SETTINGS_FILE, Settings

NOTE = "<!-- Rendered by `lamplighter render`; edit the code that it is made from, not this page. -->"

METRICS_INTRODUCTION = """\
What a run records. Every value carries `n`, the rows (or items) that it is computed from; one that is not defined is
recorded without a value and with the reason. Intervals are at 95 %. Where a metric is of single classes, features or
segments, the history has a row for each.

A row without a prediction is a wrong answer in classification and ranking: it counts in `n`, in accuracy and in recall.
In regression it has no error and is left out, as are infinite predictions and numbers that no float of 32 bits holds;
`n` shows it. A check on `null_prediction_ratio` sees how many there are. Odd rows are left out of what they would
undefine, `n` shows it, and a finding names them: labels that are no class of the model, scores that are no
probabilities, lists that cannot be read.

A value in a segment, class or version is written as it is. In quotes stands what would read as something else: the
texts `null` and `other` (no value, and the rest), the empty text, blanks at an end, what cannot be printed."""

INPUTS_INTRODUCTION = """\
They describe the window of the run. They are counts and shares of all its rows, with no interval; `drift_*` and
`prediction_drift_*` are Evidently's, on a sample."""

GAUGES_INTRODUCTION = """\
What a run publishes; each run replaces what its model published before. The unit is the suffix: `_ratio` is a share
between 0 and 1, `_seconds` seconds, `_timestamp_seconds` seconds since 1970; a gauge without one is a count, or in the
unit of what it measures. Gauges of quality and coverage show the newest window whose labels are final or reach
`min_coverage`; `lamplighter_quality_window_timestamp_seconds` says which."""

LIVE_INTRODUCTION = f"""\
What a model service exposes that has [instruments](../how-to/instrument-a-service.md). The unit is the suffix, as of
gauges. A histogram has the series `_bucket`, `_count` and `_sum`. Times have buckets up to
{", ".join(f"{bound:g}" for bound in LATENCY_BUCKETS)}
seconds, and one for each declared limit and beyond it: a quantile is never above the largest finite bucket. Take no
rate of the sum of predicted numbers: a negative one makes it fall.

No label has values without end. `route` is the template of a route, never a path, and `other` where no route has the
path; a `method` that HTTP does not know is `other`. Of routes and classes {MOST_VALUES} have series of their own, the
rest is `other`, and the log says so once; of versions the newest {MOST_VALUES} have.

`status` of requests is the code of the answer, or 499 where the client did not wait for it; that of inferences is `ok`
or `failed`. A failure has one of the reasons {", ".join(f"`{reason}`" for reason in Reason)}.
Classes are named as in the history."""

IMAGES_INTRODUCTION = f"""\
What is measured of an image, and of the objects on it where boxes are known. Each row is a column of a table of images:
a service logs it, or a run measures the stored file. Y is the luminance of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B; a
luminance and a share are between 0 and 1. A number that is not defined is null, such as the sharpness of an image
without edges.

Sharpness, texture, noise, tiles and crops are measured at one size: an image whose longer side has more than
{WORKING_SIDE} pixels is decoded in full and made smaller to that, by the mean of the pixels that fall together. A
smaller one stays as it is, so compare its sharpness with images of its size. Luminance is that of up to {SAMPLED_ROWS}
whole rows, colours are those of single pixels on a grid, both of the image as it is: means would hide clipped pixels.

Which values are usual depends on the camera and the hour: compare them with the camera's own past, not with a number.
In one image noise looks like fine texture; sharpness is freed of the noise, so that neither dusk nor noise moves it. A
wall and a clear sky are opaque tiles; dirt on the lens is where one tile stays the worst for days.

The scores of CleanVision are measured where a monitor names them in `images.cleanvision`, or a service asks for them.

Files of {", ".join(FORMATS[:-1])} and {FORMATS[-1]} are read, turned as EXIF says; of 16 bits the upper 8 count,
and opacity does not. One that declares more than {MOST_PIXELS:,} pixels is not decoded. A file that cannot be measured
has one of the faults {", ".join(f"`{code}`" for code in FaultCode)}, and the rest go on."""

LIVE_NEEDS = {
    "": "",
    "numbers": '`kind="regression"` or `bounds`',
    "classes": '`kind="classification"` or `classes`',
    "scores": "`unsure`, and scores",
    "champion": "`Champion.shown_by`",
    "log": "a prediction log",
    "psutil": "psutil (`lamplighter[serving]`)",
    "gpu": "nvidia-ml-py (`lamplighter[serving]`), and a GPU with a driver",
}

MONITOR_INTRODUCTION = f"""\
A YAML file in the folder `monitors/` of a project; one whose name begins with `_` is there to be extended. Paths are
relative to the project. `${{NAME}}` stands for a variable of the environment, or of the file `.env` in the
project folder: lines such as `NAME=value`, mode 0600; the environment wins. Unknown keys are refused. Bold keys are
obligatory. The JSON Schema for editors is [{SCHEMA_FILE}]({SCHEMA_FILE})."""

SETTINGS_INTRODUCTION = """\
Settings belong to the process, not to a model. A variable of the environment wins over one in the project's `.env`,
and that over `lamplighter.toml` in the project folder.
Relative folders are relative to the project. A key or variable that is not known is refused."""

OBSERVABILITY_INTRODUCTION = """\
## [observability]

A section of `lamplighter.toml` that `lamplighter render --rules`, `--prometheus` and `--dashboards` read; it has no
variables. Selectors, limits, links, jobs and labels of alerts come from here."""


def reference_pages() -> dict[str, str]:
    """The reference pages and the schema, by file name.

    Examples
    --------
    >>> sorted(reference_pages())
    ['checks.md', 'gauges.md', 'image-statistics.md', 'live-metrics.md', 'metrics.md', 'monitor.md', ..., 'settings.md']
    """
    return {
        "metrics.md": _metrics_page(),
        "gauges.md": _gauges_page(),
        "live-metrics.md": _live_page(),
        "image-statistics.md": _images_page(),
        "checks.md": f"{NOTE}\n\n{checks_page()}\n",
        "monitor.md": monitor_page(),
        "settings.md": settings_page(),
        SCHEMA_FILE: schema_text(),
    }


def _metrics_page() -> str:
    """Every metric that a run records."""
    parts = [METRICS_INTRODUCTION]
    head = ("metric", "what it is", "formula", "interval", "range", "better")
    for kind in KINDS.values():
        if rows := _quality_rows(kind):
            parts += [f"## Quality: {kind.name}", _table(head, rows)]
    for title, text, named in (
        ("Inputs", INPUTS_INTRODUCTION, INPUT_METRICS),
        ("Labels", "They describe every window whose labels are awaited.", LABEL_METRICS),
        ("Arrivals", "They describe the labels that arrived during the window of the run.", ARRIVAL_METRICS),
    ):
        parts += [f"## {title}", text, _table(("metric", "what it is", "range", "gauge"), _count_rows(named))]
    return _page("Metrics", parts)


def _quality_rows(kind: Kind) -> list[tuple[str, ...]]:
    return [
        (f"`{name}`", entry.help, f"`{entry.formula}`", entry.interval, _range(entry.lower, entry.upper), entry.better)
        for name, entry in QUALITY_METRICS.items()
        if entry.is_of(kind.name)
    ]


def _range(lower: float | None, upper: float | None) -> str:
    if lower is None:
        return "any number" if upper is None else f"at most {upper:g}"
    return f"at least {lower:g}" if upper is None else f"{lower:g} to {upper:g}"


def _count_rows(named: Mapping[str, Metric]) -> list[tuple[str, ...]]:
    return [
        (f"`{name}`", metric.help, _range(0.0, 1.0) if metric.is_ratio else "", _code(metric.gauge))
        for name, metric in named.items()
    ]


def _gauges_page() -> str:
    """Every gauge."""
    rows = [
        (_code(gauge.name), gauge.help, _code(gauge.metric), ", ".join(("model", *gauge.labels))) for gauge in GAUGES
    ]
    return _page("Gauges", [GAUGES_INTRODUCTION, _table(("gauge", "what it shows", "metric", "labels"), rows)])


def _live_page() -> str:
    """Every live metric."""
    rows = [(_code(live.name), live.kind, live.help, ", ".join(live.labels), LIVE_NEEDS[live.needs]) for live in LIVE]
    return _page(
        "Live metrics", [LIVE_INTRODUCTION, _table(("metric", "kind", "what it shows", "labels", "needs"), rows)]
    )


def _images_page() -> str:
    """Every statistic of an image."""
    head = ("statistic", "what it is", "unit", "range", "better", "formula")
    rows = [
        (_code(row.name), row.help, row.unit, _tile_or_range(row), row.better, f"`{row.source}`")
        for row in IMAGE_STATISTICS.values()
    ]
    return _page("Image statistics", [IMAGES_INTRODUCTION, _table(head, rows)])


def _tile_or_range(row: ImageStatistic) -> str:
    return _range(row.lower, row.upper) if row.is_number else "`r1c1` to `r4c4`"


def monitor_page() -> str:
    """Every key of a monitor file.

    Examples
    --------
    >>> [line for line in monitor_page().splitlines() if line.startswith("#")][:2]
    ['# A monitor file', '## predictions']
    """
    schema = monitor_schema()
    places: dict[str, str] = {}
    _place_sections(schema, schema, places)
    obligatory = obligatory_keys()
    parts = [MONITOR_INTRODUCTION, _keys_table(schema, obligatory["Monitor"], schema, places)]
    for name, place in places.items():
        section = schema["$defs"][name]
        meaning = section["description"].replace("``", "`").replace("\n\n", "\n")
        parts += [f"## {place}", meaning, _keys_table(section, obligatory[name], schema, places)]
    return _page("A monitor file", parts)


def _place_sections(schema: Schema, root: Schema, places: dict[str, str], place: str = "") -> None:
    """Note for each section the key that it stands under first."""
    for key, value in schema["properties"].items():
        name, section = section_of(value.get("items", value), root)
        if "properties" in section:
            inner = f"{place}.{key}" if place else key
            if name not in places:
                places[name] = inner
                _place_sections(section, root, places, inner)


def _keys_table(section: Schema, obligatory: frozenset[str], root: Schema, places: Mapping[str, str]) -> str:
    rows = [
        (
            f"**`{key}`**" if key in obligatory else f"`{key}`",
            _written(value, root, places),
            f"`{_as_yaml(value['default'])}`" if "default" in value else "",
            value["description"],
        )
        for key, value in section["properties"].items()
    ]
    return _table(("key", "what to write", "default", "what it means"), rows)


def _written(schema: Schema, root: Schema, places: Mapping[str, str]) -> str:
    """What to write, in words."""
    if "$ref" in schema:
        name, target = section_of(schema, root)
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
    properties = Settings.model_json_schema()["properties"]
    rows = [
        (
            f"`{name}`",
            f"`{PREFIX}{name.upper()}`",
            _kind_of_setting(properties[name]),
            "" if field.default is None else f"`{field.default}`",
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]
    head = (f"key in {SETTINGS_FILE}", "variable", "type", "default", "what it means")
    return _page("Settings", [SETTINGS_INTRODUCTION, _table(head, rows), *_observability()])


def _observability() -> Iterator[str]:
    """The keys of the section, and of each section in it."""
    yield OBSERVABILITY_INTRODUCTION
    yield _section_table(Observability)
    yield from _sections(Observability, "observability")


def _sections(parent: type[ConfigSection], place: str) -> Iterator[str]:
    """The sections in a section; of those that a user names one stands for all."""
    for name, field in parent.model_fields.items():
        if section := config_section_of(field):
            where = f"{place}.{name}{'' if isinstance(field.default, ConfigSection) else '.NAME'}"
            yield f"## [{where}]\n\n{section.__doc__}"
            yield _section_table(section)
            yield from _sections(section, where)


def _section_table(section: type[ConfigSection]) -> str:
    properties = section.model_json_schema()["properties"]
    rows = [
        (f"`{name}`", _kind_of_setting(properties[name]), _as_toml(field.default), field.description or "")
        for name, field in section.model_fields.items()
        if not isinstance(field.default, ConfigSection)
    ]
    return _table(("key", "type", "default", "what it means"), rows)


def _as_toml(default: Any) -> str:
    """A default as the file has it; nothing where it is empty."""
    return f"`{_toml(default)}`" if default not in ("", {}, ()) else ""


def _toml(value: Any) -> str:
    match value:
        case timedelta():
            return format_duration(value)
        case tuple():
            return f"[{', '.join(map(json.dumps, value))}]"
        case dict():
            return f"{{{', '.join(f'{_toml(key)} = {_toml(part)}' for key, part in value.items())}}}"
    return str(value)


def _kind_of_setting(schema: Schema) -> str:
    option = next(option for option in schema.get("anyOf", [schema]) if option.get("type") != "null")
    if "enum" in option:
        return ", ".join(f"`{value}`" for value in option["enum"])
    names = {"password": "text, never printed", "path": "path", "duration": "length of time"}
    names |= {"string": "text", "integer": "whole number", "number": "number", "array": "list of texts"}
    if option.get("type") == "object":
        inner = option["additionalProperties"]
        what = names[inner["type"]] if "type" in inner else "section"
        plural = what.replace("list", "lists") if what.startswith("list") else f"{what}s"
        return f"{plural} by {'length of time' if 'propertyNames' in option else 'name'}"
    return names[option.get("format") or option["type"]]


def _page(title: str, parts: Sequence[str]) -> str:
    return "\n\n".join((NOTE, f"# {title}", *parts)) + "\n"


def _code(name: str) -> str:
    return f"`{name}`" if name else ""


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(re.sub(r"\s*\n\s*", " ", cell).replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([line(head), "|" + "---|" * len(head), *(line(row) for row in rows)])
