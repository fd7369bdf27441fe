"""Batches by length: every text once an epoch, the same for a seed, little padding."""

from __future__ import annotations

from itertools import chain, islice

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from danlu.corpus.shards import ShardWriter, open_shard
from danlu.train.batches import TokenBatches, by_length

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


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0.125, 5, width=32)), min_size=1), st.integers(1, 40))
def test_an_epoch_draws_each_text_as_often_as_it_weighs(rows, size):
    lengths, weights = [length for length, _ in rows], np.array([weight for _, weight in rows], np.float32)
    drawn: list[int] = []
    for batch in by_length(lengths, size, 0, weights=weights):
        drawn += batch
        if len(drawn) >= len(rows):
            break
    assert len(drawn) == len(rows)
    wanted = weights / weights.sum(dtype=np.float64) * len(rows)
    assert (np.abs(np.bincount(drawn, minlength=len(rows)) - wanted) < 1 + 1e-6).all()


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


def shards(folder, lengths):
    """One shard a list of lengths; each token says where it comes from."""
    out = []
    for source, some in enumerate(lengths):
        with ShardWriter(folder / f"s{source}") as writer:
            for index, length in enumerate(some):
                writer.append([source * 1000 + index] * length)
            writer.finish({})
        out.append(open_shard(folder / f"s{source}"))
    return tuple(out)


def origins(batches, start, stop):
    return [int(piece[0]) for step in range(start, stop) for piece in batches[step]]


@given(st.lists(st.lists(st.integers(1, 64), max_size=40), min_size=1, max_size=3), st.integers(1, 300), st.data())
def test_a_pass_holds_every_piece_as_often_as_its_source_is_read(tmp_path_factory, lengths, tokens, data):
    if not any(lengths):
        lengths[0] = [3]
    weights = tuple(data.draw(st.sampled_from([1.0, 2.0])) for _ in lengths)
    found = shards(tmp_path_factory.mktemp("shards"), lengths)
    batches = TokenBatches(found, weights, tokens, seed=1, buckets=(8, 16, 64))
    for turn in range(2):
        drawn = origins(batches, turn * batches.steps, (turn + 1) * batches.steps)
        wanted = []
        for source, some in enumerate(lengths):
            wanted += [source * 1000 + index for index in range(len(some))] * int(weights[source])
        assert sorted(drawn) == sorted(wanted)
    for step in range(batches.steps):
        sizes = [len(piece) for piece in batches[step]]
        bound = min(b for b in (8, 16, 64) if b >= max(sizes))
        assert len(sizes) <= max(1, tokens // bound)
        assert all(size > bound // 2 or bound == 8 or (bound == 64 and size > 16) for size in sizes)


def test_half_a_source_is_another_half_in_the_next_pass(tmp_path):
    batches = TokenBatches(shards(tmp_path, [[5] * 100, [6] * 100]), (0.5, 0.0), 64, seed=0)
    first = origins(batches, 0, batches.steps)
    second = origins(batches, batches.steps, 2 * batches.steps)
    assert len(first) == len(set(first)) == len(second) == 50
    assert set(first) != set(second)
    assert max(first) < 1000


def test_any_batch_can_be_asked_for(tmp_path):
    found = shards(tmp_path, [[5, 9, 30] * 30, [12] * 50])
    one, other = (TokenBatches(found, (1.0, 1.0), 64, seed=4) for _ in range(2))
    forward = [[piece.tolist() for piece in one[step]] for step in range(4 * one.steps)]
    backward = [[piece.tolist() for piece in other[step]] for step in reversed(range(4 * one.steps))]
    assert forward == backward[::-1]


def test_a_later_pass_is_made_once(tmp_path, monkeypatch):
    batches = TokenBatches(shards(tmp_path, [[5, 9, 30] * 30]), (1.5,), 64, seed=4)
    made = []
    drawn = TokenBatches._drawn
    monkeypatch.setattr(TokenBatches, "_drawn", lambda self, source, rng: made.append(1) or drawn(self, source, rng))
    for step in range(3 * batches.steps, 3 * batches.steps + 9):
        batches[step]
    assert len(made) <= 5
