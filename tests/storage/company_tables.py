"""Tables as companies name their columns, and what each column is.

A role is ``time``, ``id``, ``prediction``, ``score``, ``score:CLASS``, ``truth``, ``version``, ``feature`` or ``out``;
``a|b`` where either is right. Most have 400 rows over ten days.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

N = 400
Columns = dict[str, tuple[Any, str]]
RNG = np.random.default_rng(20260302)
"""Begun anew for each table by `made`."""


def times(n: int = N) -> pa.Array:
    return pa.array(pd.date_range("2026-03-02", periods=n, freq=pd.Timedelta(hours=240) / n, tz="UTC").as_unit("us"))


def ids(prefix: str = "r") -> list[str]:
    return [f"{prefix}{i:05d}" for i in range(N)]


def uuids() -> list[str]:
    return [str(uuid.UUID(int=int(i) * 7919 + 2**90)) for i in RNG.permutation(N)]


def share() -> np.ndarray:
    return RNG.random(N)


def number(low: float = 0, high: float = 100) -> np.ndarray:
    return RNG.uniform(low, high, N)


def whole(low: int, high: int) -> np.ndarray:
    return RNG.integers(low, high, N)


def pick(*values: Any) -> np.ndarray:
    return RNG.choice(np.array(values), N)


def noisy(flags: np.ndarray, rate: float = 0.15) -> np.ndarray:
    """Flags of which some are turned: a truth that the answer misses now and then."""
    return flags ^ (RNG.random(N) < rate)


def some(values: np.ndarray, rate: float = 0.3) -> pa.Array:
    """Values of which some have not arrived yet."""
    return pa.array(values, mask=RNG.random(N) < rate)


def simplex(k: int) -> np.ndarray:
    return RNG.dirichlet(np.ones(k), N)


def mixed_up(classes: np.ndarray, rate: float = 0.2) -> np.ndarray:
    other = RNG.permutation(classes)
    return np.where(RNG.random(N) < rate, other, classes)


def sentences(word: str) -> list[str]:
    words = np.array(["the", "order", "was", "sent", "late", "and", "arrived", "in", "two", "parts"])
    return [f"{word} {i}: " + " ".join(RNG.choice(words, 12)) for i in range(N)]


def lists() -> pa.Array:
    return pa.array([list(RNG.permutation(list("abcdefgh"))[:5]) for _ in range(N)])


# Those that the guesses were made with.


def malignant() -> Columns:
    p = share()
    return {
        "exam uuid": (uuids(), "id"),
        "taken_at": (times(), "time"),
        "age": (whole(20, 90), "feature"),
        "ward": (pick("a", "b"), "feature"),
        "p_malignant": (p, "score"),
        "flagged": (p > 0.5, "prediction"),
    }


def three_probabilities() -> Columns:
    p = simplex(3)
    pred = np.array(list("abc"))[p.argmax(1)]
    return {
        "request_id": (np.arange(N), "id"),
        "predicted_at": (times(), "time"),
        "x": (number(), "feature"),
        **{f"proba_{k}": (p[:, i], f"score:{k}") for i, k in enumerate("abc")},
        "prediction": (pred, "prediction"),
        "y_true": (mixed_up(pred), "truth"),
    }


def scikit_learn() -> Columns:
    p = share()
    return {
        "ts": (times(), "time"),
        "id": (ids(), "id"),
        "feature_1": (number(), "feature"),
        "y_score": (p, "score"),
        "y_pred": ((p > 0.5).astype(int), "prediction"),
        "y_true": (noisy(p > 0.5).astype(int), "truth"),
    }


def flights() -> Columns:
    p = share()
    late = (p > 0.4).astype(int)
    return {
        "request_id": (ids(), "id"),
        "predicted_at": (times(), "time"),
        "model_version": (pick("2026-03-01", "2026-03-05"), "version"),
        "carrier": (pick("UA", "DL", "AA"), "feature"),
        "distance": (number(100, 3000), "feature"),
        "probability_late": (p, "score"),
        "late": (late, "prediction"),
        "was_late": (some(noisy(late == 1).astype(int)), "truth"),
    }


def houses() -> Columns:
    price = number(1e5, 9e5)
    return {
        "listingId": (ids("L"), "id"),
        "createdAt": (times(), "time"),
        "lotArea": (number(100, 900), "feature"),
        "zipCode": (pick("8001", "8002", "8003"), "feature"),
        "predictedPrice": (price + RNG.normal(0, 1e4, N), "prediction"),
        "price": (price, "truth"),
    }


def camel_case() -> Columns:
    p = share()
    return {
        "requestId": (uuids(), "id"),
        "predictedAt": (times(), "time"),
        "modelVersion": (pick("1.4.0", "1.4.1"), "version"),
        "amountEur": (number(), "feature"),
        "fraudScore": (p, "score"),
        "isFraud": (p > 0.8, "prediction"),
        "actualLabel": (noisy(p > 0.8), "truth"),
    }


def two_probabilities() -> Columns:
    p = share()
    pred = np.where(p > 0.5, "yes", "no")
    return {
        "txn_id": (whole(10**9, 2 * 10**9) * 1000 + np.arange(N), "id"),
        "event_ts": (times(), "time"),
        "basket": (number(), "feature"),
        "y_prob_yes": (p, "score:yes"),
        "y_prob_no": (1 - p, "score:no"),
        "y_hat": (pred, "prediction"),
        "outcome": (mixed_up(pred), "truth"),
    }


def numbered_classes() -> Columns:
    p = simplex(3)
    pred = p.argmax(1)
    return {
        "uuid": (uuids(), "id"),
        "timestamp": (times(), "time"),
        "height": (number(), "feature"),
        **{f"prob_{i}": (p[:, i], f"score:{i}") for i in range(3)},
        "yhat": (pred, "prediction"),
        "target": (mixed_up(pred), "truth"),
    }


def warehouse() -> Columns:
    label = pick("GOOD", "BAD", "UGLY")
    return {
        "REQUEST_ID": (ids(), "id"),
        "EVENT_TS": (times(), "time"),
        "CUSTOMER_AGE": (whole(18, 80), "feature"),
        "PREDICTED_LABEL": (label, "prediction"),
        "GROUND_TRUTH": (mixed_up(label), "truth"),
    }


def answers_alone() -> Columns:
    return {
        "uuid": (uuids(), "id"),
        "dt": (times(), "time"),
        "n_words": (whole(1, 60), "feature"),
        "output": (pick("spam", "ham"), "prediction"),
        "confidence": (share() / 2 + 0.5, "out"),
    }


def score_and_truth() -> Columns:
    p = share()
    return {
        "txn_id": (ids(), "id"),
        "event_ts": (times(), "time"),
        "amount": (number(), "feature"),
        "fraud_score": (p, "score"),
        "is_fraud": (noisy(p > 0.7).astype(int), "truth|out"),
    }


def ranking() -> Columns:
    return {
        "query_id": (ids("q"), "id"),
        "logged_at": (times(), "time"),
        "country": (pick("de", "fr"), "feature"),
        "embedding": (pa.array([[0.1, 0.2]] * N), "out"),
        "results": (lists(), "prediction"),
        "relevant_item": (pick(*"abcdefgh"), "truth"),
    }


def language_model() -> Columns:
    return {
        "request_id": (ids(), "id"),
        "created_on": (times(), "time"),
        "model": (pick("gpt-4.1", "gpt-4.2"), "version"),
        "prompt": (sentences("prompt"), "out"),
        "completion": (sentences("completion"), "prediction"),
        "reference": (sentences("reference"), "truth"),
        "temperature": (pick(0.0, 0.7), "feature"),
    }


def topics() -> Columns:
    """Features that sum to one are features, where no answer follows them."""
    t, p = simplex(4), share()
    return {
        "key": (ids("k"), "id"),
        "time": (times(), "time"),
        **{f"topic_{i}": (t[:, i], "feature") for i in range(4)},
        "smoker": (pick(True, False), "feature"),
        "has_children": (pick(0, 1), "feature"),
        "prob": (p, "score"),
        "pred": (p > 0.5, "prediction"),
        "truth": (noisy(p > 0.5), "truth"),
    }


def cars() -> Columns:
    price = number(5e3, 5e4)
    return {
        "ad": (ids("ad"), "id"),
        "date": (times(), "time"),
        "make": (pick("vw", "bmw", "fiat"), "feature"),
        "model": (pick("golf", "up", "panda", "x1", "m3"), "feature"),
        "model_id": (pick(3, 4), "version"),
        "predicted": (price, "prediction"),
        "pred_lower": (price - 900, "out"),
        "pred_upper": (price + 900, "out"),
        "actual": (price + RNG.normal(0, 1000, N), "truth"),
        "abs_error": (number(), "out"),
    }


def inputs_alone() -> Columns:
    return {
        "created_at": (times(), "time"),
        "humidity": (share(), "feature"),
        "is_weekend": (pick(True, False), "feature"),
        "pressure": (number(900, 1100), "feature"),
    }


def scores_of_two_models() -> Columns:
    fraud, default = share(), share()
    return {
        "id": (np.arange(N) + 5000, "id"),
        "logged_at": (times(), "time"),
        "amount": (number(), "feature"),
        "p_fraud": (fraud, "score"),
        "p_default": (default, "out"),
        "decision": (np.where(fraud > 0.6, "block", "pass"), "prediction"),
    }


def customers() -> Columns:
    p = share()
    return {
        "customer_id": (np.concatenate([np.arange(N // 2)] * 2) + 10**6, "out"),
        "order_id": (np.arange(N) + 10**7, "id"),
        "store_id": (whole(1, 9), "feature"),
        "born": (pa.array(pd.date_range("1960-01-01", periods=N, freq="7D", tz="UTC").as_unit("us")), "out"),
        "logged_at": (times(), "time"),
        "proba": (p, "score"),
        "prediction": ((p > 0.5).astype(int), "prediction"),
        "label": (pa.nulls(N, pa.int64()), "truth"),
    }


def no_separators() -> Columns:
    p = share()
    return {
        "requestid": (ids(), "id"),
        "predictedat": (times(), "time"),
        "modelversion": (pick("v1", "v2"), "version"),
        "weight": (number(), "feature"),
        "probability": (p, "score"),
        "predictedclass": (np.where(p > 0.5, "good", "bad"), "prediction"),
        "groundtruth": (mixed_up(np.where(p > 0.5, "good", "bad")), "truth"),
    }


def dots() -> Columns:
    p = simplex(3)
    animals = np.array(["cat", "dog", "Guinea pig"])
    return {
        "image.id": (ids("i"), "id"),
        "image.time": (times(), "time"),
        "width": (whole(100, 900), "feature"),
        "score.cat": (p[:, 0], "score:cat"),
        "score.dog": (p[:, 1], "score:dog"),
        "score.guinea_pig": (p[:, 2], "score:Guinea pig"),
        "label.predicted": (animals[p.argmax(1)], "prediction"),
        "label.true": (mixed_up(animals[p.argmax(1)]), "truth"),
    }


def probability_as_prediction() -> Columns:
    p = share()
    return {
        "id": (ids(), "id"),
        "at": (times(), "time"),
        "age": (whole(18, 80), "feature"),
        "prediction": (p, "score"),
        "label": (noisy(p > 0.5).astype(int), "truth|out"),
    }


# Those that were written before the guesses, and held back until they were made.


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


# A second lot, written after the first lot had shown what was missing, and held back likewise.


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


# A third lot, likewise.


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


# Those in which copies of answers were found among the features.


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


Make = Callable[[], Columns]


def made(make: Make) -> Columns:
    """A table, with the same values whichever were made before it."""
    RNG.bit_generator.state = np.random.default_rng(zlib.crc32(make.__name__.encode())).bit_generator.state
    return make()


FOURTH_LOT: list[Callable[[], Columns]] = [deliveries, deciles, logits, leads, purchases, tickets]
TUNED: list[Make] = [
    malignant, three_probabilities, scikit_learn, flights, houses, camel_case, two_probabilities, numbered_classes,
    warehouse, answers_alone, score_and_truth, ranking, language_model, topics, cars, inputs_alone,
    scores_of_two_models, customers, no_separators, dots, probability_as_prediction,
]  # fmt: skip
HELD_BACK: list[Make] = [
    payments, advertisements, images, demand, support, recommendations, churn, rides, loans
]  # fmt: skip
SECOND_LOT: list[Make] = [
    machines, sentiment, energy, triage, shadow, matching, price_index, quality_gate
]  # fmt: skip
THIRD_LOT: list[Make] = [
    bookings, clicks, score_cards, entities, salaries, other_language, percentages, age_groups, several_reviewers,
    forecasts,
]  # fmt: skip
