"""Tables that were written after the first lot had shown what was missing, and held back likewise."""

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
    sentences,
    share,
    simplex,
    some,
    times,
    uuids,
    whole,
)


def machines() -> Columns:
    """Flags are not the classes Y and N of the answer: joined as they are, every answer would be wrong."""
    p = share()
    return {
        "MachineSerial": (pick("m1", "m2", "m3"), "feature"),
        "Reading ID": (np.arange(N) + 9_000, "id"),
        "ReadAt": (times(), "time"),
        "VibrationRMS": (number(0, 9), "feature"),
        "failure_likelihood": (p, "score"),
        "maintenance_alert": (np.where(p > 0.7, "Y", "N"), "prediction"),
        "Failed Within 7 Days": (some(noisy(p > 0.7)), "out"),
    }


def sentiment() -> Columns:
    p = simplex(3)
    names = np.array(["NEG", "NEU", "POS"])
    return {
        "review_guid": (uuids(), "id"),
        "ingest_ts": (times(), "time"),
        "stars": (whole(1, 6), "feature"),
        "text": (sentences("review"), "out"),
        "neg_prob": (p[:, 0], "score:NEG"),
        "neu_prob": (p[:, 1], "score:NEU"),
        "pos_prob": (p[:, 2], "score:POS"),
        "sentiment": (names[p.argmax(1)], "prediction"),
        "human_sentiment": (some(mixed_up(names[p.argmax(1)])), "truth|out"),
    }


def energy() -> Columns:
    load = number(100, 900)
    return {
        "meter": (pick("a", "b"), "feature"),
        "interval_start": (times(), "time"),
        "temp_c": (number(-5, 30), "feature"),
        "load_fcst_mw": (load + RNG.normal(0, 20, N), "prediction|out"),
        "load_mw": (some(load), "truth|out"),
        "run_id": (uuids(), "id|out"),
    }


def triage() -> Columns:
    p = share()
    return {
        "encounter": (ids("e"), "id"),
        "arrived_at": (times(), "out"),
        "scored_at": (times(), "time"),
        "age": (whole(0, 99), "feature"),
        "sex": (pick("f", "m"), "feature"),
        "sepsis_prob": (p, "score"),
        "sepsis_flag": ((p >= 0.3).astype(int), "prediction"),
        "sepsis_dx": (some(noisy(p >= 0.3).astype(int)), "truth"),
        "clinician_override": (pick(True, False), "feature"),
    }


def shadow() -> Columns:
    p, q = share(), share()
    return {
        "correlation-id": (uuids(), "id"),
        "time.iso": ([value.as_py().isoformat() for value in times()], "time"),
        "inputs.amount": (number(), "feature"),
        "inputs.channel": (pick("web", "app"), "feature"),
        "champion.pred": ((p > 0.5).astype(int), "prediction"),
        "champion.proba": (p, "score"),
        "challenger.pred": ((q > 0.5).astype(int), "out"),
        "challenger.proba": (q, "out"),
        "label": (some(noisy(p > 0.5).astype(int)), "truth"),
    }


def matching() -> Columns:
    return {
        "search_id": (ids("s"), "id"),
        "searched_at": (times(), "time"),
        "locale": (pick("en", "de"), "feature"),
        "ranked_product_ids": (pa.array([list(RNG.permutation(50)[:8]) for _ in range(N)]), "prediction"),
        "clicked_product_id": (whole(0, 50), "truth"),
    }


def price_index() -> Columns:
    """An integer forecast, and a truth in thousands of the currency: they do not meet, but move together."""
    y = number(10, 90)
    return {
        "Id": (np.arange(N) + 300, "id"),
        "ValuationDate": (times(), "time"),
        "Rooms": (whole(1, 9), "feature"),
        "EstimatedValue": ((y * 1000).astype(int), "prediction"),
        "SoldFor": (some(y * 1000 + RNG.normal(0, 900, N)), "truth|out"),
        "ListPrice": (number(1e4, 9e4), "feature|out"),
    }


def quality_gate() -> Columns:
    p = share()
    return {
        "part no": (ids("P-"), "id"),
        "inspectedAt": (times(), "time"),
        "line": (whole(1, 5), "feature"),
        "anomalyScore": (p, "score"),
        "isAnomaly": (np.where(p > 0.9, "true", "false"), "prediction"),
        "manualInspection": (some(np.where(noisy(p > 0.9, 0.05), "true", "false")), "truth|out"),
    }


SECOND_LOT: list[Make] = [
    machines,
    sentiment,
    energy,
    triage,
    shadow,
    matching,
    price_index,
    quality_gate,
]
