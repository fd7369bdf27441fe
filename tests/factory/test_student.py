"""Students: what candidates share, and that the wording of labels reaches their n-grams in the order of the labels."""

from __future__ import annotations

import numpy as np
import pytest

from danlu.factory.plan import Sizes, make_plan
from danlu.factory.student import Exam, Shared, Source, names_of, probabilities, teach

PLAN = make_plan(
    Sizes(labelled=60, unlabelled=0, dev=0, has_test=False, labels=3, tokens=8, long_tokens=16, smallest=20, depth=2),
    0.5,
    25,
    10,
)


@pytest.fixture(params=["plain", "static"])
def shared(request, tiny_base, static_base, toy_lesson):
    base = static_base if request.param == "static" else tiny_base
    return Shared(Source(base, base.model, PLAN, 0), toy_lesson, None)


def test_what_candidates_share_is_made_once(shared):
    assert shared.ngrams is shared.ngrams
    assert shared.vocabulary is shared.vocabulary
    assert shared.embeddings is shared.embeddings
    assert len(shared.embeddings) == len(shared.vocabulary[1])


def test_every_candidate_of_a_plan_can_be_taught(shared, toy_rows):
    _, (texts, truth) = toy_rows
    exam = Exam(list(texts), np.eye(3, dtype=np.float32)[truth])
    steps = []
    for name in names_of(PLAN):
        taught, tokenizer = teach(name, shared, exam, steps.append)
        found = probabilities(taught, tokenizer, texts, name, PLAN)
        assert exam.score(found.argmax(1)) > 0.6, name
    assert sum(steps) == 2 * PLAN.light_steps + len(PLAN.layers) * PLAN.student_steps


def test_the_wording_of_labels_reaches_the_ngrams_in_their_order(tiny_base, toy_lesson):
    source = Source(tiny_base, tiny_base.model, PLAN, 0)
    words = ["zebra", "quartz", "斑马鱼"]
    for order in ([0, 1, 2], [2, 0, 1]):
        told = Shared(source, toy_lesson, [words[k] for k in order])
        student, tokenizer = teach("ngram", told, None)
        assert probabilities(student, tokenizer, words, "ngram", PLAN).argmax(1).tolist() == [
            order.index(k) for k in range(3)
        ]
