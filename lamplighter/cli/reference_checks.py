"""The reference page of checks, made from the forms of their limits."""

from __future__ import annotations

from lamplighter.core.monitor.check_forms import FORMS, Form
from lamplighter.core.monitor.check_spans import LEAST_PAST
from lamplighter.core.monitor.checks import CheckDefaults

FORMULAS = {
    "below": "low = L; or the q quantile of the past; or mean(past) - k s(past)",
    "above": "high = L; or the q quantile of the past; or mean(past) + k s(past)",
    "outside": "low = mean(past) - k s(past), high = mean(past) + k s(past)",
    "falls": "low = b - p |b|; with by: low = b - by; b is what versus names",
    "rises": "high = b + p |b|; with by: high = b + by; b is what versus names",
    "slope": "median of (y_j - y_i) / (t_j - t_i) over all pairs i < j, t in days",
    "missing": "1 where the window has no value so long after its end, else 0; high = 0",
}

EXAMPLES = {
    "below": "{metric: f1, below: 0.4}",
    "above": "{metric: mae, above: {quantile: 0.95, of: 30d}}",
    "outside": "{metric: rows, outside: {sigmas: 3, of: 28d}, same: weekday}",
    "falls": "{metric: f1, falls: 5%, versus: {median: 28d}}",
    "rises": "{metric: mae, rises: {by: 0.5}, versus: {median: 28d}}",
    "slope": "{metric: f1, slope: -0.01 per day, over: 7d}",
    "missing": "{metric: f1, missing: 5d}",
}

NOTES = {
    "below": "Quantiles are linear between values (type 7); s is the standard deviation with n - 1.",
    "above": "As `below`, on the other side.",
    "outside": "Where all values of the past are equal, s is 0 and any other value fails.",
    "falls": "A percent is of the absolute value: 5 % below -2 is -2.1.",
    "rises": "From 0 every rise fails, since 5 % of 0 is 0; `ignore_below: 0.01` lets values smaller than 0.01 pass.",
    "slope": "A negative number fails below it, a positive one above. The window itself is part of `over`.",
    "missing": "It looks at the newest window whose deadline is over. A value that is not defined is missing too.",
}

INTRODUCTION = """\
A check has a `metric`, exactly one limit, and options. Every limit is a band from `low` to `high`, of which one may
be absent. A value below `low` or above `high` fails; a value on a bound passes. [The keys](monitor.md#checks) stand
on the page of monitor files."""

PAST = f"""\
## The past

`of`, `over`, `mean` and `median` say how much of the past a limit is computed from: the windows before the one that
is judged. The window itself is part of it only for `slope`. Whole days are days of the model's zone: in an hourly
model 7d holds 168 windows, and 167 or 169 where the clock changed.

- `same: weekday` (or `hour`, `hour of week`) leaves only such windows.
- A window counts if its metric has a value, from at least `minimum_rows` rows.
- A window with a data fault does not count, whether the fault is open or accepted. After a changed state of a
  column was accepted, windows up to then do not count for checks of that column and of quality.
- A limit needs `minimum_windows` values. The default is half of the windows that the span holds, rounded up, and at
  least {LEAST_PAST}, or all where the span holds fewer.

| the past | what happens |
|---|---|
| too short, since the history is young | undecided (`waiting`); the reason says when it can be decided |
| too few values, since windows have none | undecided (`data`); the reason says what they lack |
| one value (`minimum_windows: 1`) | the limit of a quantile or of sigmas is that value |
| equal values | the limit of a quantile or of sigmas is that value |
| zeros, for `rises` by a percent | every rise fails, unless the value is smaller than `ignore_below` |

A limit of the past follows the metric. If a metric stays bad, its past becomes bad, and the incident closes. The
message then says which limit it has now, and which it had when the incident opened. If a metric changes its unit, its
past still has the old one, and Lamplighter does not notice: give the metric and the check another name.

`versus: {{version: "2"}}` compares with the value of version 2 in the same window; where that version has none, the
check is undecided (`data`), and the reason names the version. `versus: reference` compares with the value in
the reference; where the reference is days of the log, or the days before a window, with the mean of these windows."""

OPTIONS = """\
## When a failure counts

`for: 2 of 3 days` fails when the value lies beyond its limit in 2 of the newest 3 windows of the calendar. The
limit of each is computed from its own past. A window without a value does not count as failed. Where the newest
window cannot be decided, the check is undecided. So a check can fail although its newest value is within the limit.
A window is an hour, a day, a week or a month, as `every` says.

`clears: 2` closes the incident once the check passes in 2 windows in a row. Undecided windows between them are
passed over.

`minimum_rows: 100` leaves a window of fewer labelled rows undecided; it is for metrics of quality and custom ones.

`surely: true` fails only when the whole 95 % interval lies beyond the limit; a value without an interval is
undecided. `quality: {judge: interval}` writes it into all checks of metrics that have an interval, unless a check
says `surely: false`.

`check_defaults: {severity: ..., for: ..., clears: ..., minimum_rows: ...}` is written into all checks that are
silent.

## Every segment

`segment: "carrier=*"` judges every segment that has rows. Each has its own incident, named `CHECK[carrier=AA]`.
With many segments some would fail by chance, so `surely`, `sigmas` and `quantile` are corrected for their number
(Bonferroni):

- `sigmas: 3` becomes as many deviations as leave the same tail divided by the number of segments: 3.76 for
  16 segments.
- the share of values beyond a `quantile` is divided by the number of segments; the quantile is at most the largest
  value. A past of n values cannot show a share below 1 / (n + 1): with 30 values and 20 segments some segment still
  fails on half of the days, so use `surely`, `for` or a longer past there.
- the interval of `surely` grows by the ratio of normal quantiles, which is exact for a normal estimate and near for
  others.

Numbers, percents and slopes without `surely` are not corrected: they say what is too bad, and not what is rare.

A segment that cannot be decided, such as one with few rows, opens no incident; if no segment can be decided, one
incident says so. While a segment has no rows, its check is undecided (`waiting`). Its incident closes after
`undecided_after` windows; with 0 it stays open until the segment is back and passes."""


def checks_page() -> str:
    """The language of checks: each form, the past, and when a failure counts.

    Examples
    --------
    >>> [line for line in checks_page().splitlines() if line.startswith("### ")][:2]
    ['### below', '### above']
    """
    defaults = ", ".join(
        f"`{field.alias or name}` {_default(field.default)}" for name, field in CheckDefaults.model_fields.items()
    )
    parts = [INTRODUCTION, "## Forms", *map(_section, FORMS.values()), PAST, OPTIONS, f"Defaults: {defaults}."]
    return "\n\n".join(("# Checks", *parts))


def _default(value: object) -> str:
    return str(getattr(value, "text", value))


def _section(form: Form) -> str:
    """A form, as far as it is described here."""
    parts = [f"### {form.key}", f"`{form.key}` {form.help}."]
    if form.beside:
        parts.append(f"It needs `{form.beside[0]}`, such as `{form.beside[0]}: {form.beside[1]}`.")
    if form.key in EXAMPLES:
        parts.append(f"```yaml\nchecks:\n  - {EXAMPLES[form.key]}\n```")
    if form.key in FORMULAS:
        parts.append(f"`{FORMULAS[form.key]}`")
    if form.key in NOTES:
        parts.append(NOTES[form.key])
    return "\n\n".join(parts)
