"""What only the report shows: the surest mistakes, labels that look wrong, and the texts most worth labelling."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from danlu.factory.evidence import evidence
from danlu.factory.inspect import Inspection
from danlu.factory.judge import Ruler
from danlu.factory.material import gather
from danlu.factory.plan import Sizes, make_plan
from danlu.types import Example, Task

LABELS = ("parcel", "refund")


def log_odds(*first):
    """(rows, 2) log-probabilities, from those of the first label."""
    return np.log(np.array([[share, 1 - share] for share in first]))


@pytest.fixture
def shown():
    train = [Example(f"row {number}", LABELS[number % 2], "train.csv", number + 2) for number in range(4)]
    free = [Example(f"free {number}", None, "unlabeled.txt", number) for number in range(4)]
    test = [Example(f"test {number}", LABELS[number % 2], "test.csv", number) for number in range(4)]
    inspection = Inspection(Task(LABELS, "en"), train, [], test, free, [], {})
    material = gather(inspection, {}, make_plan(Sizes(4, 4, 0, True, 2, 5.0, 8, 2), 10.0, 25, 10), 0)
    held = log_odds(0.9, 0.95, 0.99, 0.3)  # the second row is labelled refund
    ruler = Ruler([e.text for e in test], np.array([0, 1, 0, 1]), "test", np.arange(4))
    student = np.exp(log_odds(0.8, 0.6, 0.1, 0.2))  # wrong on the second and, more surely, on the third
    unsure = dict(zip([f"free {number}" for number in range(4)], (0.55, 0.9, 0.48, 0.05), strict=True))
    told = [unsure.get(text, 0.5) for text in material.everything]
    return evidence(
        material,
        SimpleNamespace(eligible=[SimpleNamespace(draft=SimpleNamespace(name="static"), p95_ms=1.234)]),
        ruler,
        SimpleNamespace(student=student, said=None),
        SimpleNamespace(held_out=held),
        SimpleNamespace(log_probabilities=log_odds(*told)),
        inspection,
        SimpleNamespace(),
    )


def test_the_surest_mistakes_come_first(shown):
    assert [(row["text"], row["label"], row["predicted"]) for row in shown["mistakes"]] == [
        ("test 2", "parcel", "refund"),
        ("test 1", "refund", "parcel"),
    ]
    assert shown["mistakes"][0]["probability"] == pytest.approx(0.9)


def test_a_label_that_looks_wrong_is_told_with_its_row(shown):
    assert [(row["text"], row["where"], row["suggested"]) for row in shown["suspects"]] == [
        ("row 1", "train.csv:3", "parcel")
    ]


def test_the_least_certain_texts_of_each_label_are_worth_labelling_first(shown):
    assert [row["text"] for row in shown["worth"]] == ["free 2", "free 0", "free 1", "free 3"]
    assert [row["predicted"] for row in shown["worth"]] == ["refund", "parcel", "parcel", "refund"]


def test_latencies_are_in_the_report(shown):
    assert shown["latency"] == {"static": 1.23}
