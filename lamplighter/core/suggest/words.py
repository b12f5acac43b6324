"""The words of a column's name, and what they say of its role."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

Words = tuple[str, ...]


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


SCORE = _set(
    "score scores prob probs proba probas probability probabilities likelihood confidence conf propensity softmax "
    "posterior certainty sigmoid risk pd"
)
"""Words of a score; ``p`` at an end of the name is one too."""

PREDICTED = _set("prediction predictions predicted predict predicts pred preds yhat ypred inferred")
"""Words that name the model's answer and nothing else."""

ANSWERED = _set(
    "forecast forecasts forecasted fcst estimate estimated answer answers decision decided verdict output outputs "
    "completion reply response generated generation classified recommended recommendation recommendations recs reco "
    "recos ranking "
    "ranked results flagged approved rejected accepted denied blocked alert alerted alarm suggested assigned "
    "detected will"
)
"""Words that often name the model's answer."""

TRUE = _set("truth true actual actuals label labels labelled labeled target targets gt ytrue gold golden")
"""Words that name the truth and nothing else."""

OBSERVED = _set(
    "outcome outcomes observed observation realized realised real reference expected confirmed verified annotated "
    "annotation y was did relevant result happened"
)
"""Words that often name the truth."""

EVENTS = _set(
    "fraud fraudulent spam churn churned default defaulted late delayed cancelled canceled clicked click converted "
    "conversion purchased purchase bought sold returned refunded chargeback readmitted malignant benign positive abuse "
    "anomaly anomalous defect defective failed failure toxic"
)
"""What models are made to foresee: the column of one is an answer or a truth."""

ASIDE = _set(
    "lower upper lo hi low high std sd stddev stdev se var variance interval ci margin quantile error errors residual "
    "residuals loss length tokens count latency duration ms seconds source by comment reason explanation time at date "
    "author reviewer"
)
"""Beside a word of an answer or a truth: something about it."""

SERVED = _set("inference processing serving request response compute")
LASTED = _set("latency duration ms millis seconds time")
"""One of each names how long an answer took, as ``latency`` does alone."""

OF_ERRORS = _set("error errors residual residuals loss correct")
AROUND_ERRORS = _set("abs absolute squared sq is was pct percentage ape ae mean")
"""A name made of these two alone is computed from answer and truth."""

ID = _set("id ids uid uuid guid key identifier pk oid ref")
NUMBERED = _set("no nr num number code hash token")
"""Words of an id, and words that may be of one where no value repeats."""

OF_A_ROW = _set("request prediction event transaction txn inference call query record row log case message trace")
"""What a row of predictions is about; an id of one is the id of the row."""

THINGS = _set("ticket order invoice session case claim booking loan application account customer parcel shipment")
"""What is numbered: a whole number that never repeats is the id of one."""

ROW_NUMBER = _set("unnamed index rownum rownumber")

IN_CHARGE = _set("champion production prod live primary")
BESIDE = _set("challenger shadow candidate canary baseline secondary")
"""Words of the model whose answers count, and of those that answer beside it."""

COMMITTED = _set("build release revision git commit artifact version sha hash tag id")
"""Two of these name a version of software."""

MODEL = _set("model mdl predictor estimator classifier pipeline champion")
RELEASE = _set("version ver revision rev release tag name id sha hash build")

OF_PREDICTION = _set("predicted prediction scored scoring inference inferred")
OF_A_TIME = _set("timestamp time datetime date dt ts at on")
OF_AN_EVENT = _set("request requested event logged created served received called")
OF_ANOTHER_TIME = _set(
    "born birth birthday dob due updated modified label labelled labeled feedback actual outcome resolved loaded "
    "ingested expires expired valid until closed deleted arrival arrived end ended"
)

AUXILIARY = _set("is was did will has y hat class classes flag value the of model")

_HEADS = sorted(
    OF_A_ROW | PREDICTED | MODEL | {"user", "order", "customer", "ground", "y", "created", "logged", "event", "is"},
    key=len,
    reverse=True,
)
_TAILS = ID | SCORE | TRUE | PREDICTED | RELEASE | OF_A_TIME | EVENTS | {"hat", "class"}
_FORESEEN = EVENTS | {"ctr", "cvr"}


@lru_cache(maxsize=4096)
def words(name: str) -> Words:
    """The words of a name in lower case, however they are joined.

    Examples
    --------
    >>> words("actualLabel"), words("exam uuid"), words("P_MALIGNANT"), words("score.dog")
    (('actual', 'label'), ('exam', 'uuid'), ('p', 'malignant'), ('score', 'dog'))
    >>> words("HTTPStatus"), words("prob1"), words("requestid"), words("groundtruth")
    (('http', 'status'), ('prob', '1'), ('request', 'id'), ('ground', 'truth'))
    >>> words("pctr"), words("pdf")
    (('p', 'ctr'), ('pdf',))
    """
    text = unicodedata.normalize("NFKC", name)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    found = re.findall(r"\d+|[^\W\d_]+", text)
    return tuple(part for word in found for part in _parted(word.casefold()))


def _parted(word: str) -> Words:
    """A word, in two where it is two known ones without anything between."""
    for head in _HEADS:
        if word.startswith(head) and word[len(head) :] in _TAILS:
            return head, word[len(head) :]
    return ("p", word[1:]) if word[:1] == "p" and word[1:] in _FORESEEN else (word,)


def subject(name: str) -> frozenset[str]:
    """What a name is about, without the words that give it a role.

    Examples
    --------
    >>> subject("predicted_price") == subject("actualPrice") == {"price"}
    True
    """
    return frozenset(words(name)) - (SCORE | PREDICTED | ANSWERED | TRUE | OBSERVED | AUXILIARY | {"p"})


def names_a_score(name: str) -> bool:
    """Whether a name has a word of a score, or ``p`` at one of its ends.

    Examples
    --------
    >>> names_a_score("churn_probability"), names_a_score("p_late"), names_a_score("price")
    (True, True, False)
    """
    found = words(name)
    return bool(SCORE & {*found}) or (len(found) > 1 and "p" in (found[0], found[-1])) or found == ("p",)


def strength(name: str, strong: frozenset[str], medium: frozenset[str]) -> int:
    """2 for a name with a strong word, 1 for one with a medium word, else 0; pairs such as ``y_true`` are strong.

    Examples
    --------
    >>> [strength(name, PREDICTED, frozenset({"class"})) for name in ("y_pred", "class", "amount")]
    [2, 1, 0]
    """
    found = words(name)
    pairs = {("y", "pred")} if strong is PREDICTED else {("y", "true"), ("ground", "truth")}
    ends_in_hat = strong is PREDICTED and len(found) > 1 and found[-1] == "hat"
    if strong & {*found} or pairs & {*pairwise(found)} or ends_in_hat:
        return 2
    return 1 if medium & {*found} else 0
