"""A third lot of tables, held back likewise."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tests.storage.company_tables.columns import (
    RNG,
    Columns,
    Make,
    N,
    ids,
    mixed_up,
    noisy,
    number,
    pick,
    share,
    simplex,
    some,
    times,
    uuids,
    whole,
)


def bookings() -> Columns:
    p = share()
    return {
        "booking_reference": (ids("B"), "id"),
        "BOOKED_AT": (times(), "time"),
        "LEAD_TIME": (whole(0, 300), "feature"),
        "ADR": (number(30, 300), "feature"),
        "is_repeated_guest": (pick(0, 1), "feature"),
        "cancel_proba": (p, "score"),
        "predicted_cancel": ((p > 0.5).astype(int), "prediction"),
        "is_canceled": (some(noisy(p > 0.5).astype(int)), "truth"),
    }


def clicks() -> Columns:
    p = share()
    return {
        "req": (uuids(), "id"),
        "ts_utc": (times(), "time"),
        "ad_slot": (pick("a", "b"), "feature"),
        "model_score": (p, "score"),
        "shown": (pick(True, False), "feature"),
        "label_click": (pa.array((RNG.random(N) < p).astype(int)), "truth|out"),
    }


def score_cards() -> Columns:
    y = whole(300, 850).astype(float)
    return {
        "applicantId": (np.arange(N) + 10**6, "id"),
        "eventTime": (times(), "time"),
        "modelVer": (pick("3", "4"), "version"),
        "income": (number(), "feature"),
        "score": (y, "out|prediction"),
        "riskBand": (pick("A", "B", "C"), "feature|out"),
        "defaulted_90d": (some((RNG.random(N) < 0.2).astype(int)), "out|truth"),
    }


def entities() -> Columns:
    a = pick("PER", "ORG", "LOC")
    return {
        "doc_id": (ids("d"), "id"),
        "processed_at": (times(), "time"),
        "n_tokens": (whole(5, 900), "feature"),
        "lang": (pick("en", "de"), "feature"),
        "pred_class": (a, "prediction"),
        "pred_class_conf": (share(), "score|out"),
        "gold_class": (some(mixed_up(a)), "truth"),
        "pred_class_id": (np.unique(a, return_inverse=True)[1], "out"),
    }


def salaries() -> Columns:
    y = number(3e4, 2e5)
    return {
        "uid": (uuids(), "id"),
        "inference_ts": (times(), "time"),
        "title": (pick("dev", "ops"), "feature"),
        "years": (whole(0, 40), "feature"),
        "salary_hat": (y, "prediction"),
        "salary": (y * 1.02 + RNG.normal(0, 3000, N), "truth"),
        "residual": (number(-10, 10), "out"),
    }


def other_language() -> Columns:
    p = share()
    return {
        "vorgangs_id": (ids("V"), "id"),
        "zeitstempel": (times(), "time"),
        "betrag": (number(), "feature"),
        "betrugswahrscheinlichkeit": (p, "score|out"),
        "betrug": (p > 0.5, "prediction|out"),
    }


def percentages() -> Columns:
    p = share()
    return {
        "id": (ids(), "id"),
        "created": (times(), "time"),
        "weight": (number(), "feature"),
        "prob_pct": (p * 100, "out"),
        "pred": ((p > 0.5), "prediction"),
        "actual": (noisy(p > 0.5), "truth"),
    }


def age_groups() -> Columns:
    p = simplex(4)
    a = np.array(["0-5", "6-17", "18-64", "65+"])
    return {
        "face_id": (ids("f"), "id"),
        "seen_at": (times(), "time"),
        "cam": (pick("n", "s"), "feature"),
        "age_0_5_prob": (p[:, 0], "score:0-5"),
        "age_6_17_prob": (p[:, 1], "score:6-17"),
        "age_18_64_prob": (p[:, 2], "score:18-64"),
        "age_65_prob": (p[:, 3], "score:65+"),
        "age_group": (a[p.argmax(1)], "prediction"),
        "verified_age_group": (some(mixed_up(a[p.argmax(1)])), "truth"),
    }


def several_reviewers() -> Columns:
    a = pick("x", "y", "z")
    return {
        "id": (ids(), "id"),
        "time": (times(), "time"),
        "f": (number(), "feature"),
        "model_output": (a, "prediction"),
        "reviewer_1_label": (mixed_up(a), "truth|out"),
        "reviewer_2_label": (mixed_up(a), "out|truth"),
    }


def forecasts() -> Columns:
    y = number(-5, 35)
    return {
        "station": (pick("a", "b"), "feature"),
        "valid_time": (times(), "time|out"),
        "humidity_forecast": (number(), "feature|out"),
        "temp_forecast": (y + RNG.normal(0, 1, N), "prediction"),
        "temp_observed": (some(y), "truth"),
        "issued_at": (times(), "out|time"),
    }


THIRD_LOT: list[Make] = [
    bookings,
    clicks,
    score_cards,
    entities,
    salaries,
    other_language,
    percentages,
    age_groups,
    several_reviewers,
    forecasts,
]
