"""The general model distilled into forms: they outgrow it, ask nobody for a label, and judge any text."""

from __future__ import annotations

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


class Kept:
    """A job that keeps nothing, and counts what it was asked to."""

    def __init__(self):
        self.names = []

    def keep(self, name, make):
        self.names.append(name)
        return make()


def material_of(rows, *, free=240, labelled=24, pool=40, **texts):
    unlabelled, truth, others, known = rows
    learned = Texts(others[:labelled], known[:labelled], unlabelled[:pool], ("a", "b", "c"), None, **texts)
    everything = [*others[:labelled], *unlabelled[:free]]
    scores = said_of(np.concatenate([known[:labelled], truth[:free]]))
    return SimpleNamespace(texts=learned, everything=everything, unlabelled=slice(labelled, len(everything))), scores


def looked_at(material, scores, base, toy_run):
    seen = teacher.vectors(base, material.everything, PLAN)
    return stages.look(toy_run, material, seen, SimpleNamespace(), scores), seen


@pytest.fixture
def toy_run(static_base):
    from contextlib import nullcontext

    progress = SimpleNamespace(stage=lambda *_: nullcontext(lambda _: None))
    return SimpleNamespace(base=static_base, plan=PLAN, job=Kept(), progress=progress)


def test_it_votes_beside_labelled_rows_and_is_the_same_voice_in_every_fold(rows, static_base, toy_run):
    material, scores = material_of(rows)
    views, seen = looked_at(material, scores, static_base, toy_run)
    texts = material.texts
    assert toy_run.job.names == ["distilled"]
    assert views.distilled is not None
    half = np.arange(0, 24, 2), np.arange(1, 24, 2)
    contexts = list(teacher.contexts(texts, views, [half, half[::-1]], []))
    assert all(set(context.fixed) == {"choice", "distilled"} for context in contexts)
    for context in contexts[1:]:
        np.testing.assert_array_equal(context.fixed["distilled"], contexts[0].fixed["distilled"])
    _, first, _ = self_training.run(contexts[:-1], contexts[-1], texts.truth, 3)
    judge = Teacher(
        static_base,
        None,
        None,
        views,
        first,
        PLAN,
        Trust(0.0),
        faith=stages.faith_in(scores[:64], texts, np.arange(24)),
    )
    found = judge.log_probabilities(texts.rows, seen[:64], None, scores[:64])
    np.testing.assert_allclose(found, first.by_context[-1], atol=0.05)


@pytest.mark.parametrize("case", ["too few texts", "nobody labelled any", "labels apart", "not asked"])
def test_elsewhere_it_is_no_voice(rows, static_base, toy_run, case):
    material, scores = material_of(
        rows, free=199 if case == "too few texts" else 240, guessed=case == "nobody labelled any"
    )
    if case == "labels apart":
        material.texts.__dict__["truth"] = np.eye(3, dtype=np.int64)[material.texts.truth]
    views, _ = looked_at(material, None if case == "not asked" else scores, static_base, toy_run)
    assert views.distilled is None
    assert toy_run.job.names == []
