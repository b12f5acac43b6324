"""Templates in labels and texts of alerts that ask Prometheus when the alert is there."""

from __future__ import annotations

from datetime import timedelta

from prometheus.queries import quoted
from prometheus.spans import promql
from storage.project.observability import Observability


def label_of(
    config: Observability,
    metric: str,
    label: str,
    by: tuple[str, ...],
    before: str = "",
    after: str = "",
    within: timedelta | None = None,
) -> str:
    """The label of an information series that has the same other labels as the alert; nothing where there is none.

    Of several series the first label in the alphabet counts: a label that changed would begin the alert anew. What is
    gone for less time than panels look back still counts, such as what a Pushgateway forgot.

    Parameters
    ----------
    config : Observability
    metric : str
        A series that is always 1.
    label : str
        What is asked for.
    by : tuple of str
        Labels of the alert.
    before, after : str
        What stands around it.
    within : timedelta, optional
        What is gone for less time than this still counts; by default as long as panels look back.

    Examples
    --------
    >>> text = label_of(Observability(), "model_info", "owner", ("model",), after=".")
    >>> print(text.partition("}}{{")[2])
     . | sortByLabel "owner" | first | label "owner" }}.{{ end }}
    """
    same = "".join(f"{name}=%q, " for name in by)
    # What a configuration matches by may hold a percent sign.
    series = config.selector(metric, f'{label}!=""').replace("%", "%%").replace("{", "{" + same, 1)
    query = quoted(f"last_over_time({series}[{promql(within or config.look_back)}])")
    values = " ".join(f"$labels.{name}" for name in by)
    found = f'{{{{ . | sortByLabel "{label}" | first | label "{label}" }}}}'
    return f"{{{{ with printf {query} {values} | query }}}}{before}{found}{after}{{{{ end }}}}"


def severity_by(config: Observability, label: str, value: str) -> str:
    """The severity of an alert that is critical where one of its labels has a value, in the words of the configuration.

    Examples
    --------
    >>> severity_by(Observability(), "cause", "full")
    '{{ if eq $labels.cause "full" }}{{ "critical" }}{{ else }}{{ "warning" }}{{ end }}'
    """
    critical, warning = (f"{{{{ {quoted(word)} }}}}" for word in (config.critical, config.warning))
    return f"{{{{ if eq $labels.{label} {quoted(value)} }}}}{critical}{{{{ else }}}}{warning}{{{{ end }}}}"
