"""The general model distilled into forms: they outgrow it, ask nobody for a label, and judge any text."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from tests.conftest import make_rows

from danlu.factory import distilled, stages, teacher
from danlu.factory.plan import Sizes, make_plan
from danlu.factory.teacher import Teacher
from danlu.factory.texts import Texts
from danlu.factory.trust import Trust
from danlu.loops import self_training

LENGTH = 16
PLAN = make_plan(
    Sizes(labelled=24, unlabelled=240, dev=0, has_test=False, labels=3, tokens=8, long_tokens=16, smallest=8, depth=2),
    0.5,
    25,
    10,
)


def said_of(truth, seed=0):
    """(texts, 3) scores of a general model that is right about two texts of three, at random."""
    draw = np.random.default_rng(seed)
    said = np.where(draw.random(len(truth)) < 0.66, truth, draw.integers(3, size=len(truth)))
    return (2 * np.eye(3)[said] + 0.3 * draw.normal(size=(len(truth), 3))).astype(np.float32)


@pytest.fixture(scope="module")
def rows():
    """(240 unlabelled texts, what they are about, 60 others, what these are about)."""
    (texts, truth), (others, known) = (zip(*make_rows(count, seed), strict=True) for count, seed in ((240, 3), (60, 5)))
    return list(texts), np.array(truth), list(others), np.array(known)


@pytest.fixture(params=["static", "without static"])
def base(request, static_base, tiny_base):
    return static_base if request.param == "static" else tiny_base


def judged(found, base, texts):
    return found.votes(texts, teacher.vectors(base, texts, PLAN), distilled.static.encode(base, texts, LENGTH))


def test_forms_outgrow_the_model_that_taught_them_on_texts_they_have_not_seen(rows, base):
    texts, truth, others, known = rows
    scores, counted = said_of(truth), []
    seen = distilled.Seen.of(base, texts, teacher.vectors(base, texts, PLAN), LENGTH)
    found = distilled.distil(seen, scores, counted.append)
    assert set(found.heads) == {"ngram", "linear"} | ({"static"} if base.static is not None else set())
    assert counted == [1] * distilled.STEPS
    votes = judged(found, base, others)
    np.testing.assert_allclose(np.exp(votes).sum(1), 1, atol=1e-5)
    assert (votes.argmax(1) == known).mean() > (scores.argmax(1) == truth).mean() + 0.1


def test_the_same_again_and_through_a_file(rows, static_base):
    texts, truth, others, _ = rows
    vectors = teacher.vectors(static_base, texts, PLAN)
    seen, again = (distilled.Seen.of(static_base, texts, vectors, LENGTH) for _ in range(2))
    found = distilled.distil(seen, said_of(truth))
    stored = distilled.to_arrays(found)
    assert {name: value.tolist() for name, value in stored.items()} == {
        name: value.tolist() for name, value in distilled.to_arrays(distilled.distil(again, said_of(truth))).items()
    }
    np.testing.assert_array_equal(
        judged(distilled.from_arrays(again, stored), static_base, others), judged(found, static_base, others)
    )


def test_of_what_they_learned_they_say_what_was_said_held_out(rows, static_base):
    """Where a voice is wrong at random, who knows its beliefs by heart is wrong with it."""
    texts, truth, others, _ = rows
    scores = said_of(truth)
    seen = distilled.Seen.of(static_base, texts, teacher.vectors(static_base, texts, PLAN), LENGTH)
    found = distilled.distil(seen, scores)
    mixed = [others[0], texts[7], others[1], texts[3]]
    votes = judged(found, static_base, mixed)
    np.testing.assert_array_equal(votes[[1, 3]], found.held_out[[7, 3]])
    np.testing.assert_array_equal(votes[[0, 2]], judged(found, static_base, others[:2]))
    by_heart = judged(replace(found, seen=replace(seen, place={})), static_base, texts)
    wrong = scores.argmax(1) != truth
    told = [np.exp(table)[wrong, truth[wrong]].mean() for table in (found.held_out, by_heart)]
    assert told[0] > told[1]


def test_each_form_has_its_own_exponent(rows, static_base):
    texts, truth, others, _ = rows
    seen = distilled.Seen.of(static_base, texts, teacher.vectors(static_base, texts, PLAN), LENGTH)
    found = distilled.distil(seen, said_of(truth))
    alone = [
        judged(replace(found, weights=np.eye(len(found.heads))[number]), static_base, others)
        for number in range(len(found.heads))
    ]
    vectors = teacher.vectors(static_base, others, PLAN)
    views = {
        "linear": seen.centre.apply(vectors),
        "static": seen.static_centre.apply(distilled.static.encode(static_base, others, LENGTH)),
    }
    for form, vote in zip(found.heads, alone, strict=True):
        head = found.heads[form]
        logits = seen.space.logits(others, head) if form == "ngram" else head.logits(views[form])
        np.testing.assert_allclose(vote, distilled.log_shares(logits, apart=False), atol=1e-5)


class Kept:
    """A job that keeps nothing, and counts what it was asked to."""

    def __init__(self):
        self.names = []

    def keep(self, name, make):
        self.names.append(name)
        return make()


@pytest.fixture
def looked(rows, static_base):
    """(material, (everything, 3) scores, vectors, job, views): 24 labelled rows, 240 unlabelled, 40 of them the pool's.

    The general model is distilled on 200 of them.
    """
    unlabelled, truth, others, known = rows
    texts = Texts(others[:24], known[:24], unlabelled[:40], ("a", "b", "c"), None)
    everything = [*others[:24], *unlabelled, *others[24:]]
    scores = said_of(np.concatenate([known[:24], truth, known[24:]]))
    material = SimpleNamespace(texts=texts, everything=everything, unlabelled=slice(24, 264))
    progress = SimpleNamespace(stage=lambda *_: nullcontext(lambda _: None))
    job = Kept()
    run = SimpleNamespace(base=static_base, plan=replace(PLAN, distilled=200), job=job, progress=progress)
    seen = teacher.vectors(static_base, everything, PLAN)
    return material, scores, seen, job, stages.look(run, material, seen, SimpleNamespace(), scores)


def test_it_learns_from_the_first_unlabelled_texts_and_what_was_said_of_them(looked, static_base):
    material, scores, seen, job, views = looked
    own = slice(24, 224)
    read = distilled.Seen.of(static_base, material.everything[own], seen[own], PLAN.token_length)
    wanted = distilled.to_arrays(distilled.distil(read, scores[own]))
    assert {name: value.tolist() for name, value in distilled.to_arrays(views.distilled).items()} == {
        name: value.tolist() for name, value in wanted.items()
    }
    assert job.names == ["distilled"]


def test_it_votes_beside_labelled_rows_and_is_the_same_voice_in_every_fold(looked, static_base):
    material, scores, seen, _, views = looked
    texts = material.texts
    half = np.arange(0, 24, 2), np.arange(1, 24, 2)
    contexts = list(teacher.contexts(texts, views, [half, half[::-1]], []))
    assert all(set(context.fixed) == {"choice", "distilled"} for context in contexts)
    for context in contexts[1:]:
        np.testing.assert_array_equal(context.fixed["distilled"], contexts[0].fixed["distilled"])
    _, first, _ = self_training.run(contexts[:-1], contexts[-1], texts.truth, 3)
    faith = stages.faith_in(scores[:64], texts, np.arange(24))
    judge = Teacher(static_base, None, None, views, first, PLAN, Trust(0.0), faith=faith)
    found = judge.log_probabilities(texts.rows, seen[:64], None, scores[:64])
    np.testing.assert_allclose(found, first.by_context[-1], atol=0.01)


@pytest.mark.parametrize("given", [(None, 200), ("asked", 0)], ids=["not asked", "not planned"])
def test_elsewhere_it_is_no_voice(looked, static_base, given):
    material, scores, seen, _, _ = looked
    run = SimpleNamespace(base=static_base, plan=replace(PLAN, distilled=given[1]), job=None, progress=None)
    assert stages.look(run, material, seen, SimpleNamespace(), given[0] and scores).distilled is None
