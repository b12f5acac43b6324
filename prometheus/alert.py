"""An alert and a recorded query, as rule files have them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from prometheus.queries import quoted
from prometheus.spans import promql
from storage.project.observability import Observability

Rule = dict[str, object]


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert.

    Attributes
    ----------
    name : str
    expr : str
        In PromQL; it fires for every series that it returns.
    wait : timedelta
        How long it must hold.
    severity : str
        May hold Prometheus' templates, as the texts.
    summary, description : str
    """

    name: str
    expr: str
    wait: timedelta
    severity: str
    summary: str
    description: str

    def rule(self, config: Observability) -> Rule:
        """As it stands in a rule file.

        Examples
        --------
        >>> alert = Alert("LamplighterUp", "up == 0", timedelta(minutes=2), "critical", "It is down", "No answer.")
        >>> alert.rule(Observability())["annotations"]["runbook_url"]
        'docs/runbooks.md#lamplighterup'
        """
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": promql(self.wait),
            "labels": {"severity": self.severity, "owner": owner_label(config), **config.alert_labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{config.runbook_url}#{self.name.lower()}",
            },
        }


def owner_label(config: Observability) -> str:
    """The template of the label `owner`, which is empty, and so no label, where a model has none.

    It asks for the owner when the alert is there already, so that no alert depends on whether its model has one. Of two
    projects with a model of one name the first owner in the alphabet counts: a label that changed would begin the
    alert anew. A Pushgateway that forgot its groups leaves the owner as it was for as long as panels look back.
    """
    labels = ("model", *config.keep)
    info = config.selector("lamplighter_model_info", 'owner!=""').replace("%", "%%")
    info = info.replace("{", "{" + "".join(f"{name}=%q, " for name in labels), 1)
    query = quoted(f"last_over_time({info}[{promql(config.look_back)}])")
    values = " ".join(f"$labels.{name}" for name in labels)
    first = '{{ . | sortByLabel "owner" | first | label "owner" }}'
    return f"{{{{ with printf {query} {values} | query }}}}{first}{{{{ end }}}}"


@dataclass(frozen=True, slots=True)
class Record:
    """A query whose result is kept as a series of its own.

    Attributes
    ----------
    name, expr : str
    """

    name: str
    expr: str

    def rule(self, _: Observability) -> Rule:
        """As it stands in a rule file.

        Examples
        --------
        >>> Record("job:up:count", "count by (job) (up)").rule(Observability())
        {'record': 'job:up:count', 'expr': 'count by (job) (up)'}
        """
        return {"record": self.name, "expr": self.expr}
