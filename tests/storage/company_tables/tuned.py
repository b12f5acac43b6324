"""Tables that the guesses were made with."""

from __future__ import annotations

import numpy as np
import pandas as pd
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
    sentences,
    share,
    simplex,
    some,
    times,
    uuids,
    whole,
)


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


TUNED: list[Make] = [
    malignant,
    three_probabilities,
    scikit_learn,
    flights,
    houses,
    camel_case,
    two_probabilities,
    numbered_classes,
    warehouse,
    answers_alone,
    score_and_truth,
    ranking,
    language_model,
    topics,
    cars,
    inputs_alone,
    scores_of_two_models,
    customers,
    no_separators,
    dots,
    probability_as_prediction,
]
