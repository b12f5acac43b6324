"""An alert and a recorded query, as rule files have them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from lamplighter.core.evaluation.gauges import BY_NAME
from prometheus.spans import promql
from prometheus.templates import label_of
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
    is_of_model : bool
        Whether its series have the label ``model``, so that the owner of the model is known.
    looks_back : timedelta, optional
        How old the gauge may be that names the owner; by default as old as what panels show.
    """

    name: str
    expr: str
    wait: timedelta
    severity: str
    summary: str
    description: str
    is_of_model: bool = True
    looks_back: timedelta | None = None

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
            "labels": {
                "severity": self.severity,
                **({"owner": owner_label(config, self.looks_back)} if self.is_of_model else {}),
                **config.alert_labels,
            },
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{config.runbook_url}#{self.name.lower()}",
            },
        }


def owner_label(config: Observability, looks_back: timedelta | None = None) -> str:
    """The template of the label `owner`, which is empty, and so no label, where a model has none.

    It asks for the owner when the alert is there already, so that no alert depends on whether its model has one.
    """
    of_model = ("model", *config.keep)
    return label_of(config, BY_NAME["lamplighter_model_info"].name, "owner", of_model, within=looks_back)


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
