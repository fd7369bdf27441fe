"""The scorer of relations gives what the shipped file's arithmetic gives, and tells direction and distance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from danlu.models.link import LinkScorer
from danlu.text.links import Vectors, links
from danlu.text.pieces import Tokens, Window


@pytest.fixture
def scorer():
    torch.manual_seed(0)
    made = LinkScorer(16, torch.ones((2, 3, 2), dtype=torch.bool), parts=4)
    torch.nn.init.normal_(made.speak.weight)
    return made


@torch.no_grad()
def scored(scorer, hidden, borders):
    """By torch, and by numpy from what leaves the graph, of a window without special tokens."""
    ends, said = scorer(hidden)
    ours = scorer.score(ends[0], said[0], borders, (0, hidden.shape[1]))
    count = hidden.shape[1]
    tokens = Tokens(*(np.arange(count) for _ in range(2)), np.arange(count) + 1, np.ones(count, np.int64))
    entities = np.array([[first, last + 1, 0] for first, last in borders.tolist()], np.int64)
    read = [Vectors(Window(0, count, 0, count), ends[0].numpy(), said[0].numpy())]
    pairs, logits = links(entities, tokens, read, scorer.weigh.numpy(), scorer.allowed.numpy(), -np.inf)
    theirs = np.full(ours.shape, np.nan, np.float32)
    theirs[tuple(pairs.T)] = logits
    return ours.numpy(), theirs


def test_both_ways_of_computing_agree(scorer):
    borders = np.array([[1, 2], [5, 5], [9, 11], [4, 6]], np.int64)
    ours, theirs = scored(scorer, torch.randn(1, 20, 16), borders)
    apart = ~np.eye(4, dtype=bool)
    np.testing.assert_allclose(ours[apart], theirs[apart], rtol=1e-4, atol=1e-4)


def test_direction_and_distance_are_seen(scorer):
    near, far = (
        scored(scorer, torch.ones(1, 40, 16), np.array([[1, 1], [place, place]], np.int64))[0] for place in (3, 30)
    )
    assert not np.allclose(near[0, 1], near[1, 0])
    assert not np.allclose(near[0, 1], far[0, 1])
