"""Batches by length: every text once an epoch, the same for a seed, little padding."""

from __future__ import annotations

from itertools import chain, islice

from hypothesis import given
from hypothesis import strategies as st

from danlu.train.batches import by_length

LENGTHS = st.lists(st.integers(1, 500), min_size=1, max_size=120)


def epochs(lengths, size, seed, count=2, block=40):
    """The batches of some epochs; an epoch has as many as its blocks hold."""
    whole = size * block
    blocks = [min(whole, len(lengths) - start) for start in range(0, len(lengths), whole)]
    batches = sum(-(-part // size) for part in blocks)
    drawn = list(islice(by_length(lengths, size, seed, block=block), batches * count))
    return [drawn[i * batches : (i + 1) * batches] for i in range(count)]


@given(LENGTHS, st.integers(1, 40), st.integers(0, 2**40), st.integers(1, 5))
def test_every_epoch_holds_every_text_once(lengths, size, seed, block):
    for epoch in epochs(lengths, size, seed, block=block):
        assert sorted(chain.from_iterable(epoch)) == list(range(len(lengths)))
        assert all(0 < len(batch) <= size for batch in epoch)


@given(LENGTHS, st.integers(1, 40), st.integers(0, 2**40))
def test_a_seed_gives_the_same_batches(lengths, size, seed):
    assert epochs(lengths, size, seed) == epochs(lengths, size, seed)


def test_epochs_and_seeds_differ():
    lengths = list(range(200))
    first, second = epochs(lengths, 8, seed=0)
    assert first != second
    assert first != epochs(lengths, 8, seed=1)[0]


@given(LENGTHS, st.integers(1, 40))
def test_texts_of_one_batch_are_neighbours_in_length(lengths, size):
    # All fit into one block here, so an epoch in order of length is the sorted list of lengths.
    (epoch,) = epochs(lengths, size, seed=3, count=1, block=120)
    ordered = sorted(([lengths[i] for i in batch] for batch in epoch), key=lambda batch: (batch[0], batch[-1]))
    assert list(chain.from_iterable(ordered)) == sorted(lengths)


def test_the_order_of_batches_is_not_that_of_length():
    lengths = list(range(400))
    (epoch,) = epochs(lengths, 10, seed=0, count=1)
    firsts = [batch[0] for batch in epoch]
    assert firsts != sorted(firsts)
