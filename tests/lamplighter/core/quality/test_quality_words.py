"""Words of texts in any script, and what ROUGE and BLEU make of them; rouge-score and sacrebleu are the oracles."""

from __future__ import annotations

import datetime
import random
import unicodedata
from decimal import Decimal

import numpy as np
import pytest
import sacrebleu
from rouge_score.rouge_scorer import RougeScorer

from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.rouge import ROUGE, longest_common_subsequence, rouge
from lamplighter.core.quality.texts import text
from lamplighter.core.quality.words import words
from lamplighter.core.records.measurement import State

SENTENCES = {
    "Russian": ("лампа горит ночью ярко", 4),
    "Greek": ("η λάμπα καίει τη νύχτα", 5),
    "Arabic with marks": ("المِصباح يَتَّقِد ليلًا", 3),
    "Hebrew": ("המנורה דולקת בלילה", 3),
    "Hindi": ("दीपक रात में जलता है", 5),
    "Bengali": ("বাতি রাতে জ্বলে", 3),
    "Korean": ("등불이 밤에 켜져 있다", 4),
    "Chinese": ("夜里灯亮着", 5),
    "Japanese": ("夜のランプ", 5),
    "Thai": ("โคมไฟ", 5),
    "Persian with a joiner": ("چراغ می‌سوزد", 2),
    "German": ("Größe: süß, äußerst", 3),
    "Vietnamese": ("ngọn đèn thắp sáng", 4),
    "Turkish": ("IŞIK gece yanıyor", 3),
    "Armenian": ("լամպը վառվում է", 3),
}
DISJOINT = "ωψχ фыв 中文 abc 12 ك"


def values(references: list[str], answers: list[str]) -> dict[str, float | None]:
    found = text(references, answers, groupings=[Grouping.overall(len(references))], state=State.FINAL)
    return {measurement.metric: measurement.value for measurement in found}


@pytest.mark.parametrize(("sentence", "count"), SENTENCES.values(), ids=SENTENCES)
def test_a_text_of_any_script_has_words_and_equals_itself(sentence, count):
    assert len(words(sentence)) == count
    assert words(unicodedata.normalize("NFD", sentence)) == words(sentence) == words(sentence.lower())
    scores = values([sentence], [sentence])
    assert (scores["rouge1"], scores["rougeL"]) == (1, 1)
    assert values([sentence], [DISJOINT])["rouge1"] == 0


@pytest.mark.parametrize(
    ("reference", "answer", "wanted"),
    [
        ("größe äöü", "grße xyz", 0),
        ("café noir", "caf noir", 0.5),
        ("naïve", "na ve", 0),
        ("лампа горит ярко", "лампа погасла ярко", 2 / 3),
        ("夜里灯亮着", "夜里灯灭着", 4 / 5),
        ("soft\u00adhyphen", "softhyphen", 1),
        ("5 km²", "5 km", 1),
    ],
)
def test_words_are_shared_whole(reference, answer, wanted):
    assert values([reference], [answer])["rouge1"] == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("cells", "same", "other"),
    [
        ([42, 43], "42", "44"),
        ([1.5, 2.0], "1.5", "3"),
        ([datetime.date(2026, 3, 2)], "2026-03-02", "x"),
        ([Decimal("7.10")], "7.1", "x"),
        ([True], "1", "x"),
        ([np.int64(5)], "5", "x"),
    ],
)
def test_numbers_and_dates_are_texts_as_they_are_written(cells, same, other):
    assert values(cells[:1], [same])["rouge1"] == 1
    assert values(cells[:1], [other])["rouge1"] == 0


@pytest.mark.parametrize("cell", [b"lamp", ["lamp"], {"role": "user"}, np.array(["lamp"])])
def test_what_is_no_text_is_left_out(cell):
    for pair in (
        (["lamp is lit at", cell], ["lamp is lit at", "x"]),
        (["lamp is lit at", "x"], ["lamp is lit at", cell]),
    ):
        found = text(*pair, groupings=[Grouping.overall(2)], state=State.FINAL)
        assert {(round(m.value or 0, 9), m.n) for m in found} == {(1, 1), (100, 1)}
    found = text([cell], [cell], groupings=[Grouping.overall(1)], state=State.FINAL)
    assert {(m.value, m.n, m.reason) for m in found} == {
        (None, 0, "no row has a text, only bytes, lists or structures")
    }


def test_symbols_are_left_out_with_a_reason():
    grouping = [Grouping.overall(1)]
    found = [m for m in text(["😀👍"], ["😀👍"], groupings=grouping, state=State.FINAL) if m.metric in ROUGE]
    assert {(m.value, m.n, m.reason) for m in found} == {(None, 0, "no label has a word, only symbols")}
    assert values(["😀👍", "a b"], ["😀👍", "a c"])["rouge1"] == 0.5


def test_english_equals_rouge_score():
    generator = random.Random(7)
    signs = "abcdeXYZ019 _-'.,;:!?()\n\t  \"@#/"
    texts = ["".join(generator.choices(signs, k=generator.randrange(60))) for _ in range(400)]
    references, answers = (
        texts[:200],
        [one[: len(one) // 2] + two for one, two in zip(texts, texts[200:], strict=False)],
    )
    scores, readable = rouge(references, answers)
    assert readable.all()
    scorer = RougeScorer(list(ROUGE))
    for i, (reference, answer) in enumerate(zip(references, answers, strict=True)):
        wanted = scorer.score(reference, answer)
        assert {name: scores[name][i] for name in ROUGE} == pytest.approx(
            {name: wanted[name].fmeasure for name in ROUGE}
        )


def test_the_longest_common_subsequence_equals_a_table_of_all_pairs():
    def table(one, other):
        row = [0] * (len(other) + 1)
        for word in one:
            last = 0
            for j, candidate in enumerate(other, 1):
                last, row[j] = row[j], last + 1 if word == candidate else max(row[j], row[j - 1])
        return row[-1]

    generator = random.Random(3)
    for _ in range(300):
        one, other = (generator.choices("abcd", k=generator.randrange(80)) for _ in range(2))
        assert longest_common_subsequence(one, other) == table(one, other)


def test_rouge_of_long_texts():
    generator = random.Random(5)
    texts = [" ".join(generator.choices(["lamp", "street", "night", "of", "the"], k=100_000)) for _ in range(2)]
    assert 0.5 < rouge(texts[:1], texts[1:])[0]["rougeL"][0] < 1


def test_bleu_of_chinese_equals_sacrebleu_s_tokenizer_for_it():
    references, answers = ["夜里街上的灯亮着 lamp", "今天天气很好"], ["夜里街上的灯都亮着 lamp", "今天的天气不好"]
    wanted = sacrebleu.corpus_bleu(answers, [references], tokenize="zh").score
    assert values(references, answers)["bleu"] == pytest.approx(wanted)


@pytest.mark.parametrize("sentence", [SENTENCES[name][0] for name in ("Russian", "Chinese", "Japanese", "Thai")])
def test_bleu_of_a_text_with_itself(sentence):
    assert values([sentence], [sentence])["bleu"] == pytest.approx(100)
