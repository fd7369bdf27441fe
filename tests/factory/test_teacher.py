"""The teacher: what contexts see, with and without label names that mean something."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from danlu.adapt import likeness
from danlu.evals.questions import Questions
from danlu.factory import teacher
from danlu.factory.asking import Asking
from danlu.factory.folds import folds_of
from danlu.factory.general import General
from danlu.factory.plan import Sizes, make_plan
from danlu.factory.teacher import Teacher
from danlu.factory.texts import Texts
from danlu.factory.trust import Trust, faith_in, trust_in_names
from danlu.loops import opinion_pool, self_training
from danlu.models.choice import ChoiceModel
from danlu.text.pair import pairing_of

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
    folds = folds_of(texts.labelled, texts.truth, PLAN.folds, 0)
    contexts = list(teacher.contexts(texts, views, folds, []))
    assert len(contexts) == len(folds) + 1
    for context in contexts:
        assert set(context.views) == {"ngram", "linear", "static"}
        assert {len(view) for view in context.views.values()} == {len(texts.rows)}
        assert set(context.fixed) == ({"names"} if texts.wording else set())
        assert {form: rows.shape[0] for form, rows in context.wording.items()} == (
            dict.fromkeys(context.views, 3) if texts.wording else {}
        )
    assert sorted(np.concatenate([held for _, held in folds])) == list(range(len(texts.labelled)))


def test_tuned_vectors_are_rows_and_wording_too(known):
    texts, views = known
    folds = folds_of(texts.labelled, texts.truth, PLAN.folds, 0)
    tuned = [np.random.default_rng(n).normal(size=(len(texts.learned), 4)).astype(np.float32) for n in range(9)]
    for context, vectors in zip(teacher.contexts(texts, views, folds, tuned[: len(folds) + 1]), tuned, strict=False):
        wanted = teacher.centre_of(texts, vectors).apply(vectors)
        said = context.wording.get("contrastive", wanted[:0])
        np.testing.assert_array_equal(np.concatenate([context.views["contrastive"], said]), wanted)
        np.testing.assert_allclose(teacher.centre_of(texts, vectors).mean, vectors[: len(texts.rows)].mean(0))


def test_a_teacher_judges_its_own_texts_as_it_was_taught(known, base):
    texts, views = known
    contexts = list(teacher.contexts(texts, views, folds_of(texts.labelled, texts.truth, PLAN.folds, 0), []))
    _, first, _ = self_training.run(contexts[:-1], contexts[-1], texts.truth, 3)
    trust = Trust(0.0) if views.names is None else trust_in_names(views.names, texts.truth)
    judge = Teacher(base, None, None, views, first, PLAN, trust)
    found = judge.log_probabilities(texts.rows, views.vectors, None)
    np.testing.assert_allclose(found, first.by_context[-1], atol=0.05)
    assert (found[: len(texts.truth)].argmax(1) == texts.truth).mean() > 0.9


def test_pairs_are_seen_by_every_form_and_tuned(base, pair_rows):
    (labelled, truth), (pool, _) = pair_rows
    texts = Texts(list(labelled), truth, list(pool), ("other", "same"), None)
    views = teacher.look(base, texts, teacher.vectors(base, texts.rows, PLAN), PLAN)
    folds = folds_of(texts.labelled, texts.truth, PLAN.folds, 0)
    contexts = list(teacher.contexts(texts, views, folds, []))
    assert {len(view) for view in contexts[0].views.values()} == {160}
    _, first, _ = self_training.run(contexts[:-1], contexts[-1], texts.truth, 2)
    judge = Teacher(base, None, None, views, first, PLAN, Trust(0.0))
    found = judge.log_probabilities(texts.rows, views.vectors, None)
    assert (found[:80].argmax(1) == truth).mean() > 0.9
    model = teacher.tune(base, texts, np.arange(80), PLAN, 0)
    assert any(not torch.equal(a, b) for a, b in zip(model.parameters(), base.model.parameters(), strict=True))


def test_the_general_model_votes_on_pairs_and_judges_any(base, pair_rows):
    (labelled, truth), (pool, _) = pair_rows
    texts = Texts(list(labelled), truth, list(pool), ("other", "same"), None)
    torch.manual_seed(0)
    asking = Asking(("late", "good"), "is this about the same?", both=True)
    general = General(ChoiceModel(base.model, (10, 11)).eval(), base.tokenizer, asking)
    asked = general.scores(texts.rows)
    views = teacher.look(base, texts, teacher.vectors(base, texts.rows, PLAN), PLAN, general, asked)
    contexts = list(teacher.contexts(texts, views, folds_of(texts.labelled, texts.truth, PLAN.folds, 0), []))
    assert set(contexts[0].fixed) == {"choice"}
    prior = opinion_pool.OF_PAIRS["ordered"]
    _, first, _ = self_training.run(contexts[:-1], contexts[-1], texts.truth, 2, prior=prior)
    faith = faith_in(asked, texts, np.arange(len(truth)))
    judge = Teacher(base, None, None, views, first, PLAN, Trust(0.0), None, faith)
    for chosen in (None, asked):  # asked again, or known
        found = judge.log_probabilities(texts.rows, views.vectors, None, chosen)
        np.testing.assert_allclose(found, first.by_context[-1], atol=0.05)


def test_what_it_says_of_options_joins_their_nearness(base, pair_rows):
    (labelled, truth), _ = pair_rows
    texts = Texts(list(labelled), truth, [], ("right", "wrong"), None, Questions.of([2] * (len(truth) // 2)))
    seen = teacher.vectors(base, texts.rows, PLAN)
    said = (truth == 0).astype(np.float32)[:, None]
    without, views = (teacher.look(base, texts, seen, PLAN, None, asked) for asked in (None, said))
    assert without.likeness is not None
    assert views.likeness is not None
    np.testing.assert_array_equal(views.likeness, np.concatenate([without.likeness, said], 1))
    assert views.chosen is None


def test_scored_pairs_are_judged_by_their_nearness_too(base, pair_rows):
    (labelled, truth), (pool, _) = pair_rows
    places = np.where(truth[:, None] == 1, 0.9, 0.2)
    texts = Texts(list(labelled), places, list(pool), ("score",), None, range=(0.0, 5.0))
    assert (texts.apart, texts.several, texts.compared) == (True, False, pairing_of(labelled))
    torch.manual_seed(0)
    general = General(ChoiceModel(base.model, (10, 11)).eval(), base.tokenizer, Asking(("no", "yes"), "the same?"))
    asked = general.scores(texts.rows)
    views = teacher.look(base, texts, teacher.vectors(base, texts.rows, PLAN), PLAN, general, asked)
    contexts = list(teacher.contexts(texts, views, folds_of(texts.labelled, truth, PLAN.folds, 0), []))
    assert set(contexts[0].fixed) == {"likeness"}
    prior = opinion_pool.OF_SCORED_PAIRS
    _, first, _ = self_training.run(contexts[:-1], contexts[-1], places, 1, prior=prior)
    curve = likeness.fit(views.likeness[: len(truth)], places)
    judge = Teacher(base, None, None, views, first, PLAN, Trust(0.0), curve, None, True, texts.compared)
    for chosen in (None, asked):  # asked again, or known
        found = judge.log_probabilities(texts.rows, views.vectors, None, chosen)
        assert found.shape == (len(texts.rows), 1)
        np.testing.assert_allclose(np.exp(found), np.exp(first.by_context[-1]), atol=0.05)
    assert np.corrcoef(np.exp(found[:80, 0]), truth)[0, 1] > 0.8
