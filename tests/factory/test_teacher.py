"""The teacher: what contexts see, with and without label names that mean something."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from danlu.corpus.dedup import families, near_matches
from danlu.factory import teacher
from danlu.factory.plan import Sizes, make_plan
from danlu.factory.teacher import Teacher, Texts
from danlu.loops import self_training
from danlu.text.pair import join, sides

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
        assert {form: rows.shape[0] for form, rows in context.wording.items()} == (
            dict.fromkeys(context.views, 3) if texts.wording else {}
        )
    assert sorted(np.concatenate([held for _, held in folds])) == list(range(len(texts.labelled)))


def test_tuned_vectors_are_rows_and_wording_too(known):
    texts, views = known
    folds = teacher.folds_of(texts, PLAN, 0)
    tuned = [np.random.default_rng(n).normal(size=(len(texts.learned), 4)).astype(np.float32) for n in range(9)]
    for context, vectors in zip(teacher.contexts(texts, views, folds, tuned[: len(folds) + 1]), tuned, strict=False):
        wanted = teacher.centre_of(texts, vectors).apply(vectors)
        said = context.wording.get("contrastive", wanted[:0])
        np.testing.assert_array_equal(np.concatenate([context.views["contrastive"], said]), wanted)
        np.testing.assert_allclose(teacher.centre_of(texts, vectors).mean, vectors[: len(texts.rows)].mean(0))


def test_a_teacher_judges_its_own_texts_as_it_was_taught(known, base):
    texts, views = known
    contexts = list(teacher.contexts(texts, views, teacher.folds_of(texts, PLAN, 0), []))
    _, first, _ = self_training.run(contexts[:-1], contexts[-1], texts.truth, 3)
    scale = teacher.names.fit(views.names, texts.truth) if views.names is not None else 0.0
    judge = Teacher(base, None, None, views, first, PLAN, scale)
    found = judge.log_probabilities(texts.rows, views.vectors, None)
    np.testing.assert_allclose(found, first.by_context[-1], atol=0.05)
    assert (found[: len(texts.truth)].argmax(1) == texts.truth).mean() > 0.9


WORDS = [
    "where is my parcel now",
    "how do I get an invoice",
    "the app crashes when I pay",
    "please cancel the order",
    "谢谢您的帮助和耐心，快递昨天到了",
]


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["", "!", "!!", " 2", " 37"]), st.integers(0, 2)), max_size=40
    )
)
def test_texts_that_repeat_one_another_are_on_one_side_of_every_fold(rows):
    rows += [(0, " a", 0), (1, " b", 0), (2, " c", 1), (3, " d", 1), (4, " e", 2)]
    labelled = [f"{WORDS[word]}{end}" for word, end, _ in rows]
    truth = np.array([label for *_, label in rows])
    folds = teacher.folds_of(Texts(labelled, truth, [], ("a", "b", "c"), None), PLAN, 0)
    group = families([[text] for text in labelled])
    apart = np.isin(truth, [k for k in range(3) if len(set(group[truth == k])) > 1])  # others are parted
    assert folds
    judged = np.concatenate([held for _, held in folds])
    assert len(judged) == len(set(judged))
    for train, held in folds:
        assert sorted([*train, *held]) == list(range(len(rows)))
        assert set(truth[train]) == {0, 1, 2}
        assert not near_matches(*([labelled[i] for i in side if apart[i]] for side in (held, train)))


def test_a_label_whose_rows_all_repeat_one_another_is_held_out_as_well():
    labelled = [f"Your code is {number}, valid for 5 minutes" for number in range(10, 20)] + WORDS * 2
    texts = Texts(labelled, np.array([0] * 10 + [1] * 10), [], ("code", "other"), None)
    held = np.concatenate([held for _, held in teacher.folds_of(texts, PLAN, 0)])
    assert sorted(held) == list(range(20))


def test_pairs_that_share_a_side_are_on_one_side_of_every_fold():
    asked = [f"question {number} {word * 3}" for number, word in enumerate("abcdefghijklmnopqr")]
    rows = [
        join(question, f"{word * 4} {turn}", "ordered")
        for question, word in zip(asked, "zyxwvutsrqponmlkji", strict=True)
        for turn in "01"
    ]
    texts = Texts(rows, np.array([0, 1] * 18), [], ("no", "yes"), None)
    folds = teacher.folds_of(texts, PLAN, 0)
    assert sorted(np.concatenate([held for _, held in folds])) == list(range(36))
    for train, held in folds:
        assert not {sides(rows[i])[0] for i in train} & {sides(rows[i])[0] for i in held}


def test_a_side_that_all_pairs_share_parts_nothing():
    rows = [join("one question for all", f"{word} {n}", "ordered") for n in range(4) for word in WORDS]
    texts = Texts(rows, np.array([0, 1] * 10), [], ("no", "yes"), None)
    held = np.concatenate([held for _, held in teacher.folds_of(texts, PLAN, 0)])
    assert sorted(held) == list(range(20))


def test_pairs_are_seen_by_every_form_and_tuned(base, pair_rows):
    (labelled, truth), (pool, _) = pair_rows
    texts = Texts(list(labelled), truth, list(pool), ("other", "same"), None)
    views = teacher.look(base, texts, teacher.vectors(base, texts.rows, PLAN), PLAN)
    folds = teacher.folds_of(texts, PLAN, 0)
    contexts = list(teacher.contexts(texts, views, folds, []))
    assert {len(view) for view in contexts[0].views.values()} == {160}
    _, first, _ = self_training.run(contexts[:-1], contexts[-1], texts.truth, 2)
    judge = Teacher(base, None, None, views, first, PLAN, 0.0)
    found = judge.log_probabilities(texts.rows, views.vectors, None)
    assert (found[:80].argmax(1) == truth).mean() > 0.9
    model = teacher.tune(base, texts, np.arange(80), PLAN, 0)
    assert any(not torch.equal(a, b) for a, b in zip(model.parameters(), base.model.parameters(), strict=True))
