"""The teacher: what contexts see, with and without label names that mean something."""

from __future__ import annotations

import numpy as np
import pytest

from danlu.factory import teacher
from danlu.factory.plan import Sizes, make_plan
from danlu.factory.teacher import Teacher, Texts
from danlu.loops import self_training

PLAN = make_plan(
    Sizes(labelled=60, unlabelled=20, dev=0, has_test=False, labels=3, tokens=8, long_tokens=16, smallest=20, depth=2),
    0.5,
    25,
    10,
)


@pytest.fixture
def base(static_base):
    return static_base


@pytest.fixture(params=[None, ["refund", "快递", "invoice"]], ids=["codes", "words"])
def known(request, base, toy_rows):
    (labelled, truth), (pool, _) = toy_rows
    texts = Texts(list(labelled), truth, list(pool), ("a", "b", "c"), request.param)
    views = teacher.look(base, texts, teacher.vectors(base, texts.rows, PLAN), PLAN)
    return texts, views


def test_contexts_see_every_row_and_the_wording_beside_them(known):
    texts, views = known
    folds = teacher.folds_of(texts, PLAN, 0)
    contexts = list(teacher.contexts(texts, views, folds, []))
    assert len(contexts) == len(folds) + 1
    for context in contexts:
        assert set(context.views) == {"ngram", "linear", "static"}
        assert {len(view) for view in context.views.values()} == {len(texts.rows)}
        assert set(context.fixed) == ({"names"} if texts.wording else set())
        assert [len(rows) for rows in context.wording.values()] == ([3] if texts.wording else [])
    assert sorted(np.concatenate([held for _, held in folds])) == list(range(len(texts.labelled)))


def test_a_teacher_judges_its_own_texts_as_it_was_taught(known, base):
    texts, views = known
    contexts = list(teacher.contexts(texts, views, teacher.folds_of(texts, PLAN, 0), []))
    _, first, _ = self_training.run(contexts[:-1], contexts[-1], texts.truth, 3)
    scale = teacher.names.fit(views.names, texts.truth) if views.names is not None else 0.0
    judge = Teacher(base, None, None, views, first, PLAN, scale)
    found = judge.log_probabilities(texts.rows, views.vectors, None)
    np.testing.assert_allclose(found, first.by_context[-1], atol=0.05)
    assert (found[: len(texts.truth)].argmax(1) == texts.truth).mean() > 0.9
