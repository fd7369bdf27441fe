"""Pairs are scored once, in the window that shows most around them, and as the whole text would score them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.text.entities import Candidates, Reading, candidates, pack, unpack
from danlu.text.links import ENDS, HEARD, Vectors, Zones, allowed_of, links, together
from danlu.text.pieces import Tokens, Window, windows

WIDEST, TYPES, PARTS = 2, 2, 3
WEIGHTS = np.array([[1.0, -0.5, 0.25, 0.1], [0.3, 0.7, -1.0, -0.2]], np.float32)  # two relations
ANY = np.ones((TYPES, 2, TYPES), bool)


def tokens_of(ids):
    ids = np.array(ids, np.int64)
    places = np.arange(len(ids))
    return Tokens(ids, 2 * places, 2 * places + 1, np.ones_like(ids))


def by_its_tokens(ids, mask, shapes):
    """Scores and vectors that depend on tokens alone, as no network's do: so windows must not show."""
    out = np.full((*ids.shape, WIDEST, TYPES), -9.0, np.float32)
    out[:, :, 0, 0] = np.where(ids % 3 == 0, 2.0 + ids / 100, -9.0)
    out[:, :, 0, 1] = np.where(ids % 3 == 1, 1.0 + ids / 100, -9.0)
    ends = np.sin(ids[:, :, None, None] * np.arange(1, ENDS * 2 * PARTS + 1).reshape(ENDS, 2 * PARTS)).astype(
        np.float32
    )
    said = np.zeros((*ids.shape, HEARD, 2), np.float32)
    said[:, :, 0], said[:, :, 1] = np.cos(ids)[:, :, None], np.sin(ids)[:, :, None]  # what stands between, not around
    return [out, ends, said, WEIGHTS]


def named(found):
    return {
        (*found.places[head].tolist(), *found.places[tail].tolist(), kind): float(logit)
        for (head, tail, kind), logit in zip(found.links.tolist(), found.link_logits.tolist(), strict=True)
    }


@given(st.lists(st.lists(st.integers(4, 50), max_size=50), max_size=4), st.integers(5, 24), st.integers(6, 200))
def test_windows_give_what_the_whole_text_gives(texts, size, cells):
    rows = [tokens_of(ids) for ids in texts]
    cut = candidates(by_its_tokens, rows, Reading((2,), (3,), size, WIDEST), 0.0, cells, allowed=ANY)
    whole = candidates(by_its_tokens, rows, Reading((2,), (3,), 200, WIDEST), 0.0, allowed=ANY)
    for tokens, one, other in zip(rows, cut, whole, strict=True):
        parts = windows(len(tokens), size, WIDEST) if len(tokens) else []
        wanted = {
            link: logit
            for link, logit in named(other).items()
            if together((link[0] // 2,) * 2, (link[3] // 2,) * 2, parts)
        }
        assert named(one) == pytest.approx(wanted, abs=1e-4)
        assert len(named(one)) == len(one.links)  # each relation once, however many windows hold it


def test_only_allowed_pairs_of_different_entities_are_scored():
    tokens = tokens_of([6, 7, 9])  # types 0, 1, 0
    _, ends, said, _ = by_its_tokens(tokens.ids[None], None, None)
    read = [Vectors(Window(0, 3, 0, 3), ends[0], said[0])]
    entities = np.array([[0, 1, 0], [2, 3, 1], [4, 5, 0]], np.int64)
    allowed = allowed_of([(0, 1, 1)], TYPES, 2)
    pairs, logits = links(entities, tokens, read, WEIGHTS, allowed, -np.inf)
    assert pairs.tolist() == [[0, 1, 1], [2, 1, 1]]
    assert len(links(entities, tokens, read, WEIGHTS, allowed, float(logits.min()))[0]) == 1
    assert len(links(entities, tokens, read, WEIGHTS, ANY, -np.inf)[0]) == 3 * 2 * 2
    assert len(links(entities[:0], tokens, read, WEIGHTS, ANY, -np.inf)[0]) == 0


def test_many_nested_candidates_cost_no_more_than_a_window_has_tokens():
    tokens = tokens_of(range(3))
    _, ends, said, _ = by_its_tokens(tokens.ids[None], None, None)
    entities = np.array([[0, 1, 0], [0, 3, 0], [0, 5, 0], [2, 3, 0], [2, 5, 0]], np.int64)
    pairs, _ = links(entities, tokens, [Vectors(Window(0, 3, 0, 3), ends[0], said[0])], WEIGHTS, ANY, -np.inf)
    assert pairs[:, :2].max() == 2


@given(st.integers(1, 300), st.integers(1, 20), st.integers(0, 50), st.data())
def test_a_pair_no_longer_than_windows_overlap_shares_one(count, widest, more, data):
    size = 2 * widest + 1 + more
    length = min(count, widest + 2 * ((size - widest) // 6))
    start = data.draw(st.integers(0, count - length))
    assert together((start, start), (start + length - 1,) * 2, windows(count, size, widest))


def test_of_two_windows_the_one_that_shows_more_around_a_pair_counts():
    tokens = tokens_of(range(10, 30))
    entities = np.array([[2 * 11, 2 * 11 + 1, 0], [2 * 13, 2 * 13 + 1, 0]], np.int64)
    ends = np.ones((12, ENDS, 2 * PARTS), np.float32)
    said = np.zeros((12, HEARD, 2), np.float32)
    early, late = Vectors(Window(2, 14, 2, 8), ends, said), Vectors(Window(8, 20, 8, 20), 2 * ends, said)
    only = links(entities, tokens, [late], WEIGHTS, ANY, -np.inf)
    for read in ([early, late], [late, early]):
        found = links(entities, tokens, read, WEIGHTS, ANY, -np.inf)
        np.testing.assert_array_equal(found[0], only[0])
        np.testing.assert_array_equal(found[1], only[1])


def test_words_between_and_around_a_pair_are_those_of_its_window():
    borders = np.array([[2, 3], [6, 6]], np.int64)
    zones = Zones.of(borders, 1, 9)
    for head, tail in ((0, 1), (1, 0)):
        assert [int(edge[head, tail]) for edge in zones.between] == [4, 6]
        assert [int(edge[head, tail]) for edge in zones.before] == [1, 2]
        assert [int(edge[head, tail]) for edge in zones.after] == [7, 9]
    assert zones.order.tolist() == [[0, 0], [1, 0]]
    inside = Zones.of(np.array([[2, 5], [3, 3]], np.int64), 0, 9)
    assert int(inside.between[1][0, 1] - inside.between[0][0, 1]) == 0


def test_relations_are_stored_and_read_back():
    places, logits = np.array([[0, 1, 0], [2, 3, 1]]), np.array([2.0, 1.0], np.float32)
    linked = Candidates(places, logits, np.array([[1, 0, 0]]), np.array([0.5], np.float32))
    again = unpack(pack([Candidates.none(), linked, Candidates(places, logits)]))
    assert [each.links.tolist() for each in again] == [[], [[1, 0, 0]], []]
    assert [each.link_logits.tolist() for each in again] == [[], [0.5], []]
