"""Rows where nobody labelled any: which stand in the place of labelled ones, and what is guessed of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from danlu.errors import OptionError
from danlu.factory.inspect import Inspection
from danlu.factory.lesson import gold_of
from danlu.factory.material import gather, guess
from danlu.factory.plan import Sizes, make_plan
from danlu.types import Example, Task

LABELS = ("parcel", "refund")


@pytest.fixture
def material():
    rows = [Example(f"text {number}", None, "unlabeled.txt", number) for number in range(40)]
    test = [Example("a test", "refund", "test.csv", 1)]
    inspection = Inspection(Task(LABELS, "en", names_only=True), [], [], test, rows, [], {})
    plan = make_plan(Sizes(0, 40, 0, True, 2, 5.0, 8, 40, named=4, names_only=True), 1.0, 25, 10)
    return gather(inspection, {}, replace(plan, pool=30, distill=35), 0)


def test_texts_of_the_loop_stand_in_the_place_of_labelled_ones(material):
    texts = material.texts
    assert texts.guessed
    assert (len(texts.labelled), len(texts.pool), len(material.extra), len(material.test)) == (30, 0, 5, 1)
    assert [row.text for row in material.train] == texts.labelled
    assert material.unlabelled == slice(0, 35)
    assert material.part("test") == slice(35, None)
    assert texts.wording == ["parcel", "refund"]


def test_a_guess_is_what_stands_out_of_its_label(material):
    scores = np.random.default_rng(0).normal(size=(36, 2)).astype(np.float32)
    scores[:, 0] += 5  # the general model likes the first label everywhere
    truth = guess(material, scores).texts.truth
    centred = scores[:30] - scores[:30].mean(0)
    assert np.array_equal(truth, centred.argmax(1))
    assert set(truth.tolist()) == {0, 1}


def test_labelled_rows_are_left_as_they_are(material):
    labelled = replace(material, texts=replace(material.texts, guessed=False))
    assert guess(labelled, None) is labelled


def test_without_the_general_model_nothing_can_be_guessed(material):
    with pytest.raises(OptionError, match=r"need the embedded base\. Fix: leave --base out"):
        guess(material, None)


@pytest.mark.parametrize(
    ("rows", "own", "dev", "more"), [(30, 0, 10, 0), (24, 0, 4, 0), (20, 0, 0, 0), (30, 3, 3, 7), (35, 0, 10, 5)]
)
def test_labelled_rows_that_are_left_over_are_dev_rows_and_lessons(monkeypatch, rows, own, dev, more):
    monkeypatch.setattr("danlu.factory.material.MOST_ROWS", 20)
    monkeypatch.setattr("danlu.factory.material.SPARE", 10)
    train = [Example(f"text {number}", LABELS[number % 2], "train.csv", number) for number in range(rows)]
    given = [Example(f"dev {number}", LABELS[0], "dev.csv", number) for number in range(own)]
    inspection = Inspection(Task(LABELS, "en"), train, given, [], [], [], {})
    plan = make_plan(Sizes(rows, 0, own, True, 2, 5.0, 8, 10), 1.0, 25, 10)
    found = gather(inspection, {}, replace(plan, more=7), 0)
    assert (len(found.train), len(found.dev), len(found.more)) == (20, dev, more)
    assert len({row.text for row in [*found.train, *found.dev, *found.more]}) == 20 + dev + more
    assert [found.everything[i] for i in range(*found.part("more").indices(99))] == [row.text for row in found.more]
    where, targets = gold_of(found)
    kept = [*found.train, *found.more]
    assert [found.everything[i] for i in where] == [row.text for row in kept]
    assert [LABELS[i] for i in targets.argmax(1)] == [row.label for row in kept]
    assert own == 0 or found.dev == given
    assert {row.label for row in found.dev} <= set(LABELS)
