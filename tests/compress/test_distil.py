"""Students learn what their lesson says: every kind, the same for a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from danlu.artifact import pad_ngrams
from danlu.compress.distil import (
    DROPOUT,
    LIGHT,
    NARROW,
    Lesson,
    light_branch,
    light_embeddings,
    narrow_encoder,
    ngram_branch,
    static_encoder,
    transformer_branch,
)
from danlu.compress.vocabulary import small_tokenizer
from danlu.models.base import padded, token_ids

KINDS = ["ngram", "static", NARROW, "transformer-1", "transformer-2"]
BITS, LENGTH = 12, 32


def teach(kind, base, lesson, seed=0, steps=60):
    """(the branch, a function from texts to logits)."""
    if kind == "ngram":
        branch = ngram_branch(lesson, 3_000, BITS)
        return branch, lambda texts: branch(*map(torch.from_numpy, pad_ngrams(texts, BITS)))
    tokenizer, old_ids = small_tokenizer(base, lesson.texts, LENGTH, 30_000)
    sequences = token_ids(tokenizer, lesson.texts, LENGTH)
    if kind in LIGHT:
        encoder = narrow_encoder(base, old_ids) if kind == NARROW else static_encoder(light_embeddings(base, old_ids))
        branch = light_branch(LIGHT[kind], encoder, lesson, sequences, steps=steps, seed=seed)
    else:
        depth = int(kind[-1])
        branch = transformer_branch(
            base.model, lesson, sequences, old_ids, depth=depth, steps=steps, batch=16, seed=seed
        )
    return branch, lambda texts: branch(*padded(token_ids(tokenizer, texts, LENGTH)))


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def taught(kind, narrow_base, toy_lesson):
    torch.manual_seed(1)
    return teach(kind, narrow_base, toy_lesson)


@torch.inference_mode()
def probabilities(answer, texts):
    return answer(texts).softmax(-1).numpy()


def test_a_student_learns_its_lesson_and_more(kind, taught, toy_lesson, toy_rows):
    branch, answer = taught
    assert kind == "ngram" or not branch.training  # n-grams know no dropout
    seen = probabilities(answer, toy_lesson.texts)
    assert (seen.argmax(1) == toy_lesson.targets.argmax(1)).mean() > 0.9
    others, truth = toy_rows[1]
    assert (probabilities(answer, others).argmax(1) == truth).mean() > 0.6


def test_a_seed_gives_the_same_student(kind, taught, narrow_base, toy_lesson):
    torch.manual_seed(2)  # what was drawn before must not matter
    branch, _ = teach(kind, narrow_base, toy_lesson)
    for name, value in taught[0].state_dict().items():
        assert torch.equal(branch.state_dict()[name], value), name


def test_soft_targets_make_a_soft_student(kind, taught, narrow_base, toy_lesson):
    soft = replace(toy_lesson, targets=(0.5 / 3 + 0.5 * toy_lesson.targets).astype(np.float32))
    _, answer = teach(kind, narrow_base, soft)
    assert probabilities(answer, soft.texts).max(1).mean() < probabilities(taught[1], soft.texts).max(1).mean() - 0.1


def test_weights_decide_between_rows_that_contradict(kind, narrow_base, toy_lesson):
    wrong = np.roll(toy_lesson.targets, 1, axis=1)
    count = len(toy_lesson.texts)
    lesson = Lesson(
        toy_lesson.texts * 2,
        np.concatenate([toy_lesson.targets, wrong]),
        np.repeat([1.0, 0.02], count).astype(np.float32),
        np.concatenate([toy_lesson.vectors] * 2),
        toy_lesson.head,
    )
    _, answer = teach(kind, narrow_base, lesson)
    found = probabilities(answer, toy_lesson.texts).argmax(1)
    assert (found == toy_lesson.targets.argmax(1)).mean() > 0.8


def test_the_base_is_left_as_it_was(kind, narrow_base, toy_lesson):
    before = {name: value.clone() for name, value in narrow_base.model.state_dict().items()}
    body = {name: value.clone() for name, value in narrow_base.narrow.state_dict().items()}
    depth = narrow_base.model.config.num_hidden_layers
    teach(kind, narrow_base, toy_lesson, steps=2)
    assert all(torch.equal(value, before[name]) for name, value in narrow_base.model.state_dict().items())
    assert all(torch.equal(value, body[name]) for name, value in narrow_base.narrow.state_dict().items())
    assert not any(isinstance(module, torch.nn.Dropout) and module.p for module in narrow_base.narrow.modules())
    assert narrow_base.model.config.num_hidden_layers == depth == len(narrow_base.model.encoder.layer)
    assert narrow_base.model.config.vocab_size == narrow_base.tokenizer.get_vocab_size()


def test_a_narrow_student_drops_out_while_it_learns(narrow_base):
    encoder = narrow_encoder(narrow_base, np.arange(9))
    assert encoder.rows.weight.shape == (9, 32)
    assert {module.p for module in encoder.modules() if isinstance(module, torch.nn.Dropout)} == {DROPOUT}
    assert DROPOUT > 0


def test_a_student_of_full_depth_starts_as_its_teacher(narrow_base, toy_lesson):
    _, answer = teach("transformer-2", narrow_base, toy_lesson, steps=0)
    weight, bias, centre = toy_lesson.head
    moved = toy_lesson.vectors - centre
    expected = moved / np.linalg.norm(moved, axis=1, keepdims=True) @ weight + bias
    with torch.inference_mode():
        np.testing.assert_allclose(answer(toy_lesson.texts).numpy(), expected, atol=1e-2)  # bf16 reads the lesson


@pytest.mark.parametrize("light", list(LIGHT))
def test_a_light_student_starts_without_an_opinion(light, narrow_base, toy_lesson):
    _, answer = teach(light, narrow_base, toy_lesson, steps=0)
    np.testing.assert_allclose(probabilities(answer, ["parcel", "退款"]), 1 / 3, atol=1e-6)


def test_a_labelled_row_teaches_ngrams_that_no_other_text_has(toy_lesson):
    """From 500 texts on, n-grams that stand in one text only are left out, but not where a label was given."""
    word = "斑马鱼缸"
    longer = replace(
        toy_lesson,
        texts=[*toy_lesson.texts * 20, word],
        targets=np.concatenate([np.tile(toy_lesson.targets, (20, 1)), np.eye(3, dtype=np.float32)[:1]]),
        weights=np.append(np.tile(toy_lesson.weights, 20), np.float32(3)),
    )
    assert len(longer.texts) > 500
    ids, _ = pad_ngrams([word], 20)
    for weight, known in ((3, True), (1, False)):
        longer.weights[-1] = weight
        longer.weights[0] = 3  # there is always a row that a person labelled
        index = ngram_branch(longer, 3_000, 20).index.numpy()
        assert (index[ids] > index.min()).all() == known  # the row of what is left out


def test_ngrams_that_no_text_has_weigh_nothing(toy_lesson):
    branch = ngram_branch(toy_lesson, 3_000, BITS)
    ids, counts = pad_ngrams(toy_lesson.texts, BITS)
    unused = np.setdiff1d(np.arange(1 << BITS), ids[counts > 0])
    assert branch.index.shape == (1 << BITS, 1)
    assert len(branch.weight) <= 3_001
    assert len(unused) > 100
    assert not branch.rows(torch.from_numpy(unused)).any()
    assert not branch.weight[0].any()


@pytest.mark.parametrize("rows", [1, 40, 200])
def test_only_the_ngrams_that_tell_most_keep_a_row(toy_lesson, rows):
    branch = ngram_branch(toy_lesson, rows, BITS)
    assert branch.weight.shape == (rows + 1, 3)
    index = branch.rows(torch.arange(1 << BITS))
    assert sorted(index[index > 0].tolist()) == list(range(1, rows + 1))
    assert (branch.idf[0], branch.idf[1:].min() > 0) == (0, True)
    ids, counts = map(torch.from_numpy, pad_ngrams(toy_lesson.texts, BITS))
    right = (branch(ids, counts).argmax(1).numpy() == toy_lesson.targets.argmax(1)).mean()
    assert right > (0.9 if rows >= 40 else 0.3)


def test_latin_pieces_that_no_text_has_stay_where_there_is_room(tiny_base):
    names = tiny_base.tokenizer.get_vocab()
    pieces = {name for name in names if name.removeprefix("##").isascii() and name.removeprefix("##").isalpha()}
    word = max(pieces, key=len)
    full, _ = small_tokenizer(tiny_base, [word], LENGTH, 30_000)
    assert pieces <= set(full.get_vocab())
    least, _ = small_tokenizer(tiny_base, [word], LENGTH, 1)
    assert not pieces <= set(least.get_vocab())
    none, _ = small_tokenizer(tiny_base, ["123"], LENGTH, 30_000)
    assert not pieces <= set(none.get_vocab())
