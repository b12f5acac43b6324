"""Tables in which copies of answers were found among the features."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tests.storage.company_tables.columns import (
    RNG,
    Columns,
    Make,
    N,
    ids,
    lists,
    mixed_up,
    noisy,
    number,
    pick,
    share,
    simplex,
    times,
    whole,
)


def deliveries() -> Columns:
    minutes = number(10, 60)
    return {
        "orderId": (ids("o"), "id"),
        "createdAt": (times(), "time"),
        "basketValue": (number(), "feature"),
        "etaMinutes": (np.round(minutes, 1), "out"),
        "actualMinutes": (minutes + RNG.normal(0, 1, N), "out"),
        "etaMinutesLow": (minutes - 5, "out"),
        "etaMinutesHigh": (minutes + RNG.uniform(5, 9, N), "out"),
    }


def deciles() -> Columns:
    p = share()
    return {
        "customer_no": (np.arange(N) + 1000, "id"),
        "snapshot_dt": (times(), "time"),
        "tenure": (whole(0, 99), "feature"),
        "churn_risk": (p, "score"),
        "churn_risk_decile": (np.ceil(p * 10).astype(int), "out"),
        "band": (np.where(p > 0.7, "red", np.where(p > 0.2, "amber", "green")), "out"),
        "quintile": (np.ceil(p * 5).astype(int), "out"),
        "pct": (np.round(p * 100), "out"),
        "plan": (pick("a", "b", "c"), "feature"),
        "churned_next_30d": (noisy(p > 0.5), "out"),
    }


def logits() -> Columns:
    p = simplex(3)
    return {
        "uid": (np.arange(N), "id"),
        "event_time": (times(), "time"),
        **{f"logit_{k}": (np.log(p[:, k]) + 3, "out") for k in range(3)},
        **{f"raw_{k}": (np.log(p[:, k]) - np.log(p).mean(1), "out") for k in range(3)},
        **{f"softmax_{k}": (p[:, k], f"score:{k}") for k in range(3)},
        "argmax": (p.argmax(1), "prediction"),
        "annotated": (mixed_up(p.argmax(1)), "truth"),
        "w": (number(), "feature"),
    }


def leads() -> Columns:
    p = share()
    return {
        "ts": (times(), "time"),
        "lead_id": (ids("L"), "id"),
        "propensity": ((p * 100).round().astype(int), "out"),
        "grade": (np.where(p > 0.66, "A", np.where(p > 0.33, "B", "C")), "out"),
        "converted": (noisy(p > 0.5), "out"),
        "source": (pick("ads", "seo"), "feature"),
        "visits": (whole(0, 30), "feature"),
    }


def purchases() -> Columns:
    return {
        "session": (ids("s"), "id"),
        "ts": (times(), "time"),
        "recs": (lists(), "prediction"),
        "rec_scores": (pa.array([list(RNG.random(5)) for _ in range(N)]), "out"),
        "bought": (pick(*"abcdefgh"), "truth"),
        "age": (whole(18, 80), "feature"),
    }


def tickets() -> Columns:
    return {
        "ticket": (np.arange(N) * 3 + 50_000, "id"),
        "received": (times(), "time"),
        "body": ([f"please help me with {i}" for i in range(N)], "out"),
        "channel": (pick("mail", "chat"), "feature"),
        "amount_cents": (RNG.permutation(10 * N)[:N], "feature"),
    }


FOURTH_LOT: list[Make] = [
    deliveries,
    deciles,
    logits,
    leads,
    purchases,
    tickets,
]
