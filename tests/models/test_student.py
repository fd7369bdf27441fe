"""The student's network: what each branch computes, by hand where it can be, and that padding says nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.models.base import means
from danlu.models.narrow import Narrow, config_of
from danlu.models.student import (
    NarrowEncoder,
    NgramBranch,
    StaticBranch,
    StaticEncoder,
    Student,
    TokenBranch,
    TransformerEncoder,
)

DRAW = torch.Generator().manual_seed(0)


def random(*shape):
    return torch.randn(*shape, generator=DRAW)


def token_branch(encoder, width=6, labels=3):
    branch = TokenBranch(encoder, width, labels)
    for parameter in (branch.centre, branch.weight, branch.bias):
        parameter.data.copy_(random(*parameter.shape) * 0.3)
    return branch.eval()


@pytest.fixture(scope="module")
def ngrams():
    return NgramBranch(torch.arange(16), random(16, 3), random(16).abs() + 0.5, random(3))


def random_table():
    return random(16, 5)


@pytest.fixture(scope="module")
def static():
    branch = StaticBranch(random_table(), 3)
    for parameter in (branch.centre, branch.weight, branch.bias):
        parameter.copy_(random(*parameter.shape) * 0.3)
    return branch


@pytest.fixture(scope="module")
def tokens():
    return token_branch(StaticEncoder(random(20, 6)))


def test_ngrams_by_hand():
    weight, idf, bias = torch.tensor([[1.0, 0], [0, 1]]), torch.tensor([1.0, 2.0]), torch.tensor([0.5, 0.0])
    branch = NgramBranch(torch.arange(2), weight, idf, bias)
    logits = branch(torch.tensor([[0, 1, 0]]), torch.tensor([[2.0, 1.0, 0.0]]))
    one, two = (1 + math.log(2)) * 1.0, 1.0 * 2.0
    norm = math.hypot(one, two)
    assert logits[0].tolist() == pytest.approx([one / norm + 0.5, two / norm])


def test_a_text_without_ngrams_gets_the_bias(ngrams):
    logits = ngrams(torch.zeros((2, 4), dtype=torch.long), torch.zeros((2, 4)))
    assert torch.equal(logits, ngrams.bias.expand(2, 3))


def test_a_narrow_encoder_reads_order_and_no_padding():
    torch.manual_seed(3)
    encoder = NarrowEncoder(random(10, 32), Narrow(config_of(32, 1, 16), 3, 3).body).eval()
    ids = torch.tensor([[1, 2, 3], [3, 2, 1]])
    vectors = encoder(ids, torch.ones_like(ids))
    assert vectors.shape == (2, 32)
    assert not torch.allclose(vectors[0], vectors[1], atol=1e-3)
    longer = torch.cat([ids, torch.full((2, 5), 7)], 1)
    mask = torch.cat([torch.ones_like(ids), torch.zeros((2, 5), dtype=torch.long)], 1)
    assert torch.allclose(encoder(longer, mask), vectors, atol=1e-6)
    encoder.shrink()
    assert torch.allclose(encoder(ids, torch.ones_like(ids)), vectors, atol=0.05)
    assert encoder.rows.rows.dtype == torch.int8


def test_a_static_encoder_is_a_mean_until_it_learns():
    table = random(10, 4)
    encoder = StaticEncoder(table)
    ids, mask = torch.tensor([[1, 2, 3, 0]]), torch.tensor([[1, 1, 1, 0]])
    assert torch.allclose(encoder(ids, mask)[0], table[1:4].mean(0), atol=1e-6)
    encoder.importance.weight.data[2] = math.log(3)
    assert torch.allclose(encoder(ids, mask)[0], (table[1] + 3 * table[2] + table[3]) / 5, atol=1e-6)


def test_a_transformer_encoder_averages_real_tokens(tiny_base):
    encoder = TransformerEncoder(tiny_base.model)
    ids, mask = torch.tensor([[2, 9, 3, 0, 0]]), torch.tensor([[1, 1, 1, 0, 0]])
    hidden = tiny_base.model(input_ids=ids[:, :3], attention_mask=mask[:, :3]).last_hidden_state
    assert torch.allclose(encoder(ids, mask)[0], hidden[0].mean(0), atol=1e-5)


@settings(max_examples=30)
@given(st.integers(1, 9), st.integers(0, 7), st.integers(0, 2**20))
def test_padding_changes_no_logit(tokens, static, ngrams, length, more, seed):
    draw = np.random.default_rng(seed)
    ids, buckets = (torch.from_numpy(draw.integers(0, 16, (2, length))) for _ in range(2))
    counts = torch.from_numpy(draw.integers(1, 4, (2, length)).astype(np.float32))
    mask = torch.ones_like(ids)
    student = Student(tokens, static, ngrams, (0.4, 0.5, 0.8))
    alone = student(ids, mask, ids, mask, buckets, counts)
    padding = torch.from_numpy(draw.integers(0, 16, (2, more)))
    none = torch.zeros_like(padding)
    wide = student(
        torch.cat([ids, padding], 1),
        torch.cat([mask, none], 1),
        torch.cat([ids, padding], 1),
        torch.cat([mask, none], 1),
        torch.cat([buckets, padding], 1),
        torch.cat([counts, none.float()], 1),
    )
    assert torch.allclose(alone, wide, atol=1e-5)


def test_a_text_without_a_token_gives_finite_logits(tokens):
    logits = tokens(torch.zeros((1, 1), dtype=torch.long), torch.zeros((1, 1), dtype=torch.long))
    assert torch.isfinite(logits).all()


def test_vectors_have_unit_length(tokens):
    ids = torch.arange(12).reshape(3, 4)
    assert tokens.vectors(ids, torch.ones_like(ids)).norm(dim=1).tolist() == pytest.approx([1, 1, 1], abs=1e-5)


def test_branches_add_up_by_their_shares(tokens, static, ngrams):
    ids, counts = torch.arange(8).reshape(2, 4), torch.ones(2, 4)
    mask = torch.ones_like(ids)
    one, other = tokens(ids, mask), ngrams(ids, counts)
    both = Student(tokens, None, ngrams, (0.25, 0.0, 2.0))
    assert both.inputs == ("token_ids", "token_mask", "ngram_ids", "ngram_counts")
    assert torch.allclose(both(ids, mask, ids, counts), 0.25 * one + 2 * other)
    whole = Student(tokens, static, ngrams, (0.25, 3.0, 2.0))
    assert whole.inputs[2:4] == ("static_ids", "static_mask")
    shorter = (ids[:, :3], mask[:, :3])
    together = 0.25 * one + 3 * static(*shorter) + 2 * other
    assert torch.allclose(whole(ids, mask, *shorter, ids, counts), together, atol=1e-6)
    alone = Student(tokens, None, None, (0.5, 0.0, 0.0))
    assert alone.inputs == ("token_ids", "token_mask")
    assert torch.allclose(alone(ids, mask), 0.5 * one)
    plain = Student(None, None, ngrams, (0.0, 0.0, 3.0))
    assert plain.inputs == ("ngram_ids", "ngram_counts")
    assert torch.allclose(plain(ids, counts), 3 * other)


def test_a_static_branch_is_linear_in_centred_means(static):
    ids, mask = torch.tensor([[1, 2, 3, 0]]), torch.tensor([[1, 1, 1, 0]])
    table = static.table(torch.arange(16)).numpy()
    mean = means(table, [[1, 2, 3]])[0]
    torch.testing.assert_close(static.means(ids, mask)[0], torch.from_numpy(mean))
    moved = mean - static.centre.numpy()
    expected = moved / np.linalg.norm(moved) @ static.weight.numpy() + static.bias.numpy()
    torch.testing.assert_close(static(ids, mask)[0], torch.from_numpy(expected))


def test_a_static_table_is_stored_within_a_hundredth_of_each_row():
    table = random_table() * torch.logspace(-3, 3, 16)[:, None]
    branch = StaticBranch(table, 2)
    error = (branch.table(torch.arange(16)) - table).abs().amax(1)
    assert (error <= table.abs().amax(1) / 253).all()


def test_what_is_counted_is_not_trained(ngrams, static, tokens):
    assert not any(parameter.requires_grad for part in (ngrams, static) for parameter in part.parameters())
    assert all(parameter.requires_grad for parameter in tokens.parameters())
