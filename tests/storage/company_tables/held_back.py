"""Tables that were written before the guesses, and held back until they were made."""

from __future__ import annotations

import numpy as np

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
    sentences,
    share,
    simplex,
    some,
    times,
    uuids,
    whole,
)


def payments() -> Columns:
    p = share()
    return {
        "TransactionID": (np.arange(N) + 77_000_000, "id"),
        "EventTimestamp": (times(), "time"),
        "CardBrand": (pick("visa", "master"), "feature"),
        "AmountUSD": (number(), "feature"),
        "FraudProbability": (p, "score"),
        "IsFraudPredicted": (p > 0.5, "prediction"),
        "ChargebackConfirmed": (some(noisy(p > 0.5)), "truth"),
    }


def advertisements() -> Columns:
    p = share() / 5
    return {
        "impression_uuid": (uuids(), "id"),
        "served_at": (times(), "time"),
        "campaign": (pick("a", "b", "c"), "feature"),
        "bid_price": (number(0, 3), "feature"),
        "pctr": (p, "score|out"),
        "clicked": ((RNG.random(N) < p).astype(int), "truth|out"),
    }


def images() -> Columns:
    p = simplex(3)
    animals = np.array(["cat", "dog", "bird"])
    return {
        "image_key": (ids("img/"), "id"),
        "captured at": (times(), "time"),
        "camera": (pick("north", "south"), "feature"),
        **{f"softmax.{name}": (p[:, i], f"score:{name}") for i, name in enumerate(animals)},
        "top1": (animals[p.argmax(1)], "prediction"),
        "annotator label": (some(mixed_up(animals[p.argmax(1)])), "truth"),
    }


def demand() -> Columns:
    sold = number(0, 50)
    return {
        "Unnamed: 0": (np.arange(N), "out"),
        "store_nbr": (whole(1, 54), "feature"),
        "sku": (pick("s1", "s2", "s3"), "feature"),
        "forecast_date": (times(), "time"),
        "on_promo": (pick(True, False), "feature"),
        "units_forecast": (sold + RNG.normal(0, 3, N), "prediction"),
        "units_sold": (some(sold), "truth"),
    }


def support() -> Columns:
    return {
        "conversationId": (uuids(), "id"),
        "createdAt": (times(), "time"),
        "userPrompt": (sentences("user"), "out"),
        "botReply": (sentences("bot"), "prediction"),
        "goldReply": (sentences("gold"), "truth"),
        "tokensUsed": (whole(10, 900), "feature"),
        "modelName": (pick("m-small", "m-large"), "version"),
    }


def recommendations() -> Columns:
    return {
        "session": (uuids(), "id"),
        "ts": (times(), "time"),
        "recommended_items": (lists(), "prediction"),
        "purchased_item": (pick(*"abcdefgh"), "truth"),
        "device": (pick("ios", "web"), "feature"),
        "n_candidates": (whole(10, 900), "feature"),
    }


def churn() -> Columns:
    p = share()
    return {
        "customer-ref": (ids("c-"), "id"),
        "scored-on": (times(), "time"),
        "tenure-months": (whole(1, 99), "feature"),
        "plan": (pick("basic", "pro"), "feature"),
        "churn-risk": (p, "score"),
        "will-churn": ((p > 0.35).astype(int), "prediction"),
        "did-churn": (some(noisy(p > 0.35).astype(int)), "truth"),
    }


def rides() -> Columns:
    eta = number(3, 60)
    return {
        "ride id": (ids("ride-"), "id"),
        "requested_at_utc": ([value.as_py().strftime("%Y-%m-%dT%H:%M:%SZ") for value in times()], "time"),
        "pickup_zone": (pick("north", "south"), "feature"),
        "distance_km": (number(1, 30), "feature"),
        "eta_minutes_predicted": (eta + RNG.normal(0, 2, N), "prediction"),
        "eta_minutes_actual": (eta, "truth"),
        "build_sha": (pick("9f2c1ab", "77de01c"), "version|out"),
    }


def loans() -> Columns:
    """Approved means that the risk is low: it is not the class that ``defaulted`` is the truth of."""
    p = share()
    return {
        "application_no": (np.arange(N) + 100_000, "id"),
        "decisioned_at": (times(), "time"),
        "income": (number(2e4, 2e5), "feature"),
        "credit_score": (whole(300, 850), "feature|out"),
        "pd": (p, "score|out"),
        "approved": (p < 0.2, "prediction|out"),
        "defaulted": (some(RNG.random(N) < p), "truth|out"),
    }


HELD_BACK: list[Make] = [
    payments,
    advertisements,
    images,
    demand,
    support,
    recommendations,
    churn,
    rides,
    loans,
]
