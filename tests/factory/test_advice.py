"""Advice on label names: said of names that mislead or say little, and of no others."""

from __future__ import annotations

import numpy as np
import pytest

from danlu.corpus.read import Dataset
from danlu.factory.advice import advise, judge, of_texts, typical_words
from danlu.factory.inspect import inspect
from danlu.factory.texts import Texts
from danlu.types import Example

LABELS = ("delivery", "praise", "refund")
WORDS = [["parcel"], [], ["money"]]


def scores(nearest):
    return np.eye(3, dtype=np.float32)[nearest]


def test_good_names_need_no_advice():
    truth = np.repeat([0, 1, 2], 8)
    assert judge(scores(truth), truth, LABELS, WORDS) == []


def test_a_name_whose_texts_lie_nearest_to_another_misleads():
    truth = np.repeat([0, 1, 2], 10)
    nearest = truth.copy()
    nearest[20:29] = 0
    (note,) = judge(scores(nearest), truth, LABELS, WORDS)
    assert (note.level, note.code) == ("note", "label-name-misleads")
    assert note.values["percent"] == 90
    assert (
        "90 % of the texts labelled 'refund (money)' lie nearest to what the label 'delivery (parcel)'" in note.message
    )
    assert "90 %" in note.say("zh")


def test_a_name_whose_texts_lie_anywhere_says_little():
    truth = np.repeat([0, 1, 2], 15)
    nearest = np.where(truth == 1, np.tile([0, 2, 1, 0, 2], 9), truth)
    labels = (*LABELS, "other")
    table = np.eye(4, dtype=np.float32)[nearest]
    table[15:20] = np.eye(4, dtype=np.float32)[3]
    (note,) = judge(table, truth, labels, [*WORDS, []])
    assert note.code == "label-name-vague"
    assert note.values["names"] == ["praise"]


def test_nothing_is_said_of_a_label_with_few_texts():
    truth = np.array([0] * 9 + [1] * 9 + [2] * 7)
    assert judge(scores(np.where(truth == 2, 0, truth)), truth, LABELS, WORDS) == []


def test_nothing_is_said_of_a_label_for_the_rest():
    truth = np.repeat([0, 1, 2], 10)
    assert judge(scores(np.where(truth == 2, 0, truth)), truth, ("delivery", "praise", "其他"), WORDS) == []


def test_where_all_names_are_found_rarely_only_the_laggards_are_told():
    truth = np.repeat(np.arange(20), 10)
    nearest = np.where(np.arange(200) % 10 < 2, truth, (truth + 1 + np.arange(200) % 7) % 20)
    nearest[:10] = np.arange(1, 11)
    (note,) = judge(np.eye(20, dtype=np.float32)[nearest], truth, [f"label {k}" for k in range(20)], [[]] * 20)
    assert note.values["names"] == ["label 0"]


def test_typical_words_are_whole_words_that_others_lack(tiny_base):
    texts = ["my parcel is late", "the parcel today", "refund my money", "money please", "this is my card", "card"]
    found = typical_words(tiny_base.tokenizer, texts, np.array([0, 0, 1, 1, 2, 2]), 3)
    assert found == [["parcel"], ["money"], ["card"]]
    assert typical_words(tiny_base.tokenizer, texts[:1], np.array([0]), 2) == [[], []]


@pytest.fixture
def data(toy_rows):
    (texts, truth), _ = toy_rows
    swapped = ("praise", "refund", "parcel")  # every name is that of other texts
    return Dataset(
        [Example(text, swapped[k], "train.csv", n + 1) for n, (text, k) in enumerate(zip(texts, truth, strict=True))]
    )


def test_swapped_names_are_noticed_in_the_data(data, tiny_base):
    inspection = inspect(data)
    describe = {"praise": "parcel box late ship", "refund": "love great nice good", "parcel": "refund money card"}
    before = advise(inspection, {}, tiny_base)
    assert before
    assert len(advise(inspection, describe, tiny_base)) < len(before)
    assert inspection.exit_code == 0


def test_codes_and_pairs_get_no_advice(data, tiny_base):
    inspection = inspect(Dataset([Example(row.text, str(len(row.label or "")), "a", 1) for row in data.train]))
    assert advise(inspection, {}, tiny_base) == []
    assert of_texts(None, Texts(["a"], np.array([0]), [], ("1", "2"), None), tiny_base) == []
