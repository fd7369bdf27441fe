"""What every task form promises: finite distributions, the same for a seed, better than chance on a plain task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy.special import softmax

from danlu.adapt import contrastive, linear, names
from danlu.adapt.ngram import Space
from danlu.models.base import embed, token_ids
from danlu.train.regression import softmax_regression

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from danlu.models.base import Base

    Form = Callable[[Base, Sequence[str], NDArray[np.int64], Sequence[str], int], NDArray[np.float32]]

LABELS = ("parcel", "praise", "refund")
DESCRIPTIONS = {
    "parcel": "parcel box late ship courier 包裹 快递 发货 送到",
    "praise": "love great nice good thanks 喜欢 很好 满意 谢谢",
    "refund": "refund money card paid charge 退款 付钱 扣费 账单",
}
LENGTH = 32


def _head(features, truth):
    return softmax_regression(features, np.eye(len(LABELS))[truth], strength=10.0)


def _with_head(features, truth, others):
    return softmax(_head(features, truth).logits(others), axis=1)


def ngram_form(base, texts, truth, others, seed):
    space = Space.of(texts)
    return softmax(space.logits(others, _head(space.coordinates, truth)), axis=1)


def linear_form(base, texts, truth, others, seed):
    seen, new = (linear.encode(base.model, base.tokenizer, part, LENGTH) for part in (texts, others))
    centre = linear.Centre(seen.mean(0))
    return _with_head(centre.apply(seen), truth, centre.apply(new))


def contrastive_form(base, texts, truth, others, seed):
    tuning = contrastive.Tuning(steps=15, batch=12, rate=1e-3, seed=seed)
    model = contrastive.fit(base, token_ids(base.tokenizer, texts, LENGTH), truth, tuning)
    seen, new = (embed(model, token_ids(base.tokenizer, part, LENGTH)) for part in (texts, others))
    centre = linear.Centre(seen.mean(0))
    return _with_head(centre.apply(seen), truth, centre.apply(new))


def names_form(base, texts, truth, others, seed):
    wording = names.wording(LABELS, DESCRIPTIONS)
    near, seen, new = (linear.encode(base.model, base.tokenizer, part, LENGTH) for part in (wording, texts, others))
    scale = names.fit(names.encode(seen, near, seen), truth)
    return np.exp(names.predict(names.encode(new, near, seen), scale))


FORMS: dict[str, Form] = {
    "ngram": ngram_form,
    "linear": linear_form,
    "contrastive": contrastive_form,
    "names": names_form,
}
HARD = ["", " ", "?", "\u200b", "字" * 3_000, "word " * 3_000, "🙂🙃", "par\u00adcel"]


@pytest.fixture(scope="module", params=FORMS)
def form(request):
    return FORMS[request.param]


@pytest.fixture(scope="module")
def answers(form, tiny_base, toy_rows):
    (texts, truth), (others, _) = toy_rows
    torch.manual_seed(1)  # what was drawn before must not matter: see below
    return form(tiny_base, texts, truth, [*others, *HARD], 0)


def test_rows_are_finite_distributions(answers, toy_rows):
    others = toy_rows[1][0]
    assert answers.shape == (len(others) + len(HARD), len(LABELS))
    assert np.isfinite(answers).all()
    assert (answers >= 0).all()
    np.testing.assert_allclose(answers.sum(1), 1, atol=1e-5)


def test_it_learns_better_than_chance(answers, toy_rows):
    truth = toy_rows[1][1]
    # 1/3 is chance; of 60 rows 0.55 lies 3.5 standard deviations above it.
    assert (answers[: len(truth)].argmax(1) == truth).mean() >= 0.55


def test_a_seed_gives_the_same_answers(form, answers, tiny_base, toy_rows):
    (texts, truth), (others, _) = toy_rows
    torch.manual_seed(2)
    again = form(tiny_base, texts, truth, [*others, *HARD], 0)
    assert again.tobytes() == answers.tobytes()


def test_answers_do_not_depend_on_the_other_texts(form, answers, tiny_base, toy_rows):
    (texts, truth), (others, _) = toy_rows
    few = form(tiny_base, texts, truth, others[3:6], 0)
    np.testing.assert_allclose(few, answers[3:6], atol=1e-3)


def test_the_base_is_left_as_it_was(form, tiny_base, toy_rows):
    (texts, truth), (others, _) = toy_rows
    before = {name: value.clone() for name, value in tiny_base.model.state_dict().items()}
    form(tiny_base, texts, truth, others, 1)
    assert not tiny_base.model.training
    assert all(torch.equal(value, before[name]) for name, value in tiny_base.model.state_dict().items())
    assert tiny_base.tokenizer.truncation is None
    assert tiny_base.tokenizer.padding is None
