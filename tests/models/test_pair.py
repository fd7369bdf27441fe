"""The comparison of two vectors: its width, its symmetry, and what it says of likeness."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from danlu.models.pair import compare, compared, width


def sides(count, side=6, seed=0):
    return F.normalize(torch.randn(2 * count, side, generator=torch.Generator().manual_seed(seed)), dim=-1)


@pytest.mark.parametrize("pairing", ["ordered", "unordered"])
def test_comparisons_are_unit_vectors_of_the_width_they_say(pairing):
    found = compare(sides(5), pairing)
    assert found.shape == (5, width(6, pairing))
    torch.testing.assert_close(found.norm(dim=1), torch.ones(5))


def test_single_texts_stay_as_they_are():
    vectors = sides(2)
    assert compare(vectors, None) is vectors
    assert width(6, None) == 6


def test_order_changes_only_an_ordered_comparison():
    vectors = sides(4)
    swapped = vectors.unflatten(0, (-1, 2)).flip(1).flatten(0, 1)
    torch.testing.assert_close(compare(vectors, "unordered"), compare(swapped, "unordered"))
    first, second = compare(vectors, "ordered"), compare(swapped, "ordered")
    torch.testing.assert_close(first[:, :13], second[:, :13])
    torch.testing.assert_close(first[:, 13:], -second[:, 13:])


def test_the_cosine_is_one_of_its_numbers():
    one = sides(1)[:1]
    same, opposite = (compare(torch.cat([one, other]), "unordered")[0, -1] for other in (one, -one))
    assert same > 0 > opposite


def test_arrays_are_compared_as_tensors_are():
    vectors = sides(3)
    np.testing.assert_array_equal(compared(vectors.numpy(), "ordered"), compare(vectors, "ordered").numpy())


def test_no_vectors_give_no_comparisons():
    assert compare(torch.zeros(0, 6), "unordered").shape == (0, 13)
