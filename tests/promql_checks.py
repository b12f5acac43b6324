"""What is wrong with a query though Prometheus takes it: for rules, and for the panels of dashboards.

Each check takes a query as a tree, in which recorded series are already replaced by what they record, and says what is
wrong in words; an empty list is a sound query. `faults_of` asks all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache

import promql_parser as promql
from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
)

from lamplighter.core.evaluation.gauges import BY_NAME
from lamplighter.core.records.live import LATENCY_BUCKETS, LIVE
from prometheus.alert import Record
from prometheus.machines import FOREIGN
from prometheus.rule_files import every_rule
from storage.project.observability import Observability

OF_COUNTERS = frozenset({"rate", "irate", "increase", "resets"})
COMPARISONS = frozenset({">", "<", ">=", "<=", "==", "!="})
OVER_TIME = re.compile(r"(?:avg|sum|min|max|last|quantile)_over_time")
AVERAGES = frozenset({"avg", "sum", "quantile", "stddev", "avg_over_time", "sum_over_time", "quantile_over_time"})
RATIO = re.compile(r"_ratio$|:ratio(?:_day)?$")


@cache
def kinds() -> Mapping[str, str]:
    """The kind of every series that there is: ours, and the foreign ones that are declared."""
    found = dict.fromkeys(BY_NAME, "gauge")
    for metric in LIVE:
        if metric.kind == "histogram":
            found |= {f"{metric.name}_{part}": "counter" for part in ("sum", "count", "bucket")}
        else:
            found[metric.name] = metric.kind
    return found | {name: "counter" if name.endswith("_total") else "gauge" for name in FOREIGN}


@cache
def recorded(config: Observability | None = None) -> Mapping[str, str]:
    """The recorded series, and what each records."""
    return {rule.name: rule.expr for rule in every_rule(config) if isinstance(rule, Record)}


def nodes(expr: Expr) -> Iterator[Expr]:
    """A query and all parts of it."""
    yield expr
    for part in parts(expr):
        yield from nodes(part)


def parts(expr: Expr) -> list[Expr]:
    """What a query is made of."""
    match expr:
        case BinaryExpr():
            return [expr.lhs, expr.rhs]
        case Call():
            return list(expr.args)
        case MatrixSelector():
            return [expr.vector_selector]
        case AggregateExpr():
            return [expr.expr, *([expr.param] if expr.param else [])]
        case ParenExpr() | UnaryExpr() | SubqueryExpr():
            return [expr.expr]
    return []


def selectors(expr: Expr) -> list[VectorSelector]:
    """The series that a query reads."""
    return [node for node in nodes(expr) if isinstance(node, VectorSelector)]


def unknown_metrics(expr: Expr) -> list[str]:
    """A metric that no catalogue has is a panel without data, or an alert that never fires."""
    known = {*kinds(), *recorded()}
    return [f"no metric {found.name}" for found in selectors(expr) if found.name not in known]


def misused_counters(expr: Expr) -> list[str]:
    """A counter is of use only through its rate, and the rate of a gauge means nothing."""
    faults = []
    rated: set[str] = set()
    for node in nodes(expr):
        if isinstance(node, Call) and node.func.name in OF_COUNTERS:
            names = [found.name or "" for found in selectors(node)]
            rated |= set(names)
            faults += [f"{node.func.name}() of {name}" for name in names if kinds().get(name) != "counter"]
    raw = {found.name or "" for found in selectors(expr)} - rated
    return faults + [f"{name} without its rate" for name in sorted(raw) if kinds().get(name) == "counter"]


def averaged_quantiles(expr: Expr) -> list[str]:
    """A quantile of many is not the average, sum or quantile of the quantiles of each."""

    def is_quantile(part: Expr) -> bool:
        called = isinstance(part, Call) and part.func.name == "histogram_quantile"
        return called or (isinstance(part, VectorSelector) and ":quantile" in (part.name or ""))

    faults = []
    for node in nodes(expr):
        called = str(node.op) if isinstance(node, AggregateExpr) else node.func.name if isinstance(node, Call) else ""
        if called in AVERAGES and any(is_quantile(part) for inner in parts(node) for part in nodes(inner)):
            faults.append(f"{called} of a quantile")
    return faults


def quantiles_without_buckets(expr: Expr) -> list[str]:
    """A quantile needs buckets, and no sum of them may lose `le`."""
    faults = []
    for node in nodes(expr):
        if isinstance(node, Call) and node.func.name == "histogram_quantile":
            quantile, buckets = node.args
            if isinstance(quantile, NumberLiteral) and not 0 < quantile.val < 1:
                faults.append(f"quantile {quantile.val}")
            names = [found.name or "" for found in selectors(buckets)]
            faults += [f"quantile of {name}" for name in names if not re.search(r"_bucket(:rate)?$", name)]
            for inner in nodes(buckets):
                if isinstance(inner, AggregateExpr) and not _keeps(inner, "le"):
                    faults.append(f"{inner.op} without le")
    return faults


def _keeps(aggregation: AggregateExpr, label: str) -> bool:
    modifier = aggregation.modifier
    if modifier is None:
        return False
    return bool((label in modifier.labels) == (modifier.type == AggModifierType.By))


def is_share(expr: Expr) -> bool:
    """Whether a query gives a number between 0 and 1."""
    match expr:
        case ParenExpr():
            return is_share(expr.expr)
        case VectorSelector():
            return bool(RATIO.search(expr.name or ""))
        case AggregateExpr():
            return str(expr.op) in ("max", "min", "avg", "topk", "bottomk") and is_share(expr.expr)
        case Call():
            inner = [part for part in expr.args if not isinstance(part, NumberLiteral)]
            kept = bool(OVER_TIME.fullmatch(expr.func.name)) or expr.func.name in (
                "abs",
                "label_replace",
                "round",
                "clamp",
            )
            return kept and expr.func.name != "sum_over_time" and is_share(_series(inner[0]))
        case BinaryExpr() if str(expr.op) == "/":
            return _counted(expr.lhs) == _counted(expr.rhs) != "" or (
                isinstance(expr.rhs, NumberLiteral) and expr.rhs.val == 100 and not is_share(expr.lhs)
            )
        case BinaryExpr() if str(expr.op) in ("or", "and", "unless") or str(expr.op) in COMPARISONS:
            return is_share(expr.lhs)
        case BinaryExpr() if str(expr.op) == "-":
            return (isinstance(expr.lhs, NumberLiteral) and expr.lhs.val == 1) or is_share(expr.lhs)
    return False


def _series(expr: Expr) -> Expr:
    return expr.vector_selector if isinstance(expr, MatrixSelector) else expr


def _counted(expr: Expr) -> str:
    """What a query counts, as the unit of its first series; of a sum of seconds and a count, two units."""
    name = next((found.name or "" for found in selectors(expr)), "")
    unit = re.search(r"_(seconds|bytes)(?:_sum|_total)?$", name)
    return unit[1] if unit else "things" if re.search(r"_total$|_count$|:(rate|increase)$", name) else ""


def units_against_range(expr: Expr) -> list[str]:
    """A share is held against a number between 0 and 1, and not against percents."""
    faults = []
    for node in nodes(expr):
        if isinstance(node, BinaryExpr) and str(node.op) in COMPARISONS and isinstance(node.rhs, NumberLiteral):
            limit = node.rhs.val
            if is_share(node.lhs) and not 0 <= limit <= 1:
                faults.append(f"a share against {limit:g}")
    return faults


def limits_beyond_buckets(expr: Expr) -> list[str]:
    """A quantile is never above the largest finite bucket, so a limit needs one above it, and one at it."""
    faults = []
    for node in nodes(expr):
        if isinstance(node, BinaryExpr) and str(node.op) in COMPARISONS and isinstance(node.rhs, NumberLiteral):
            inner = node.lhs
            if isinstance(inner, Call) and inner.func.name == "histogram_quantile":
                limit = node.rhs.val
                if not (limit in LATENCY_BUCKETS and LATENCY_BUCKETS[0] < limit < LATENCY_BUCKETS[-1]):
                    faults.append(f"no bucket on both sides of {limit:g}")
    return faults


CHECKS: tuple[Callable[[Expr], list[str]], ...] = (
    unknown_metrics,
    misused_counters,
    averaged_quantiles,
    quantiles_without_buckets,
    units_against_range,
    limits_beyond_buckets,
)


def parsed(query: str, records: Mapping[str, str] | None = None) -> Expr:
    """A query as a tree, in which recorded series are what they record."""
    known = recorded() if records is None else records

    def replaced(node: Expr) -> Expr | None:
        found = node.vector_selector if isinstance(node, MatrixSelector) else node
        query = known.get(found.name or "") if isinstance(found, VectorSelector) else None
        if query is None:
            return None
        span = f"[{promql.display_duration(node.range)}:1m]" if isinstance(node, MatrixSelector) else ""
        return promql.parse(f"({query}){span}")

    return promql.transform(promql.parse(query), pre_visit=replaced)


def faults_of(query: str) -> list[str]:
    """Everything that is wrong with a query."""
    return [fault for check in CHECKS for fault in check(parsed(query))]


def unlike_quantiles(queries: Iterable[str]) -> list[str]:
    """Quantiles that stand side by side are of the same series: a p99 must have the filter that p50 has."""
    by_metric: dict[str, set[str]] = {}
    for query in queries:
        for node in nodes(parsed(query)):
            if isinstance(node, Call) and node.func.name == "histogram_quantile":
                buckets = node.args[1]
                names = {found.name or "" for found in selectors(buckets)}
                for name in names:
                    by_metric.setdefault(name, set()).add(buckets.prettify())
    return [
        f"quantiles of {name} are of different series" for name, found in sorted(by_metric.items()) if len(found) > 1
    ]
