"""Passages: pieces of the texts there are, none of them a whole text."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from danlu.factory.generator import passages
from danlu.text.pair import join, plain, sides

SENTENCE = "我的包裹三天没有动静了, please tell me where it is now。谢谢你们的帮助; goodbye"
WORDS = st.lists(st.text("abc快递退款 ,。", min_size=1, max_size=12), min_size=1, max_size=20).map(" ".join)
TEXTS = st.lists(WORDS | st.text(max_size=80).map(plain), max_size=8)
SEEDS = st.integers(0, 2**40)


@given(TEXTS, st.integers(0, 40), SEEDS)
def test_passages_are_distinct_pieces_of_the_texts(texts, count, seed):
    found = passages(texts, count, seed)
    assert len(found) <= count
    assert len(set(found)) == len(found)
    for passage in found:
        homes = [text for text in texts if passage in text]
        assert homes
        assert 4 <= len(passage) <= 0.8 * max(map(len, homes)) + 20
        assert passage == passage.strip(" ,，。.;；")


@given(TEXTS, st.integers(0, 40), SEEDS)
@example(["快递到了怎么还没有人来送？", "我的快递什么时候才能到啊！", "你们的客服怎么都不理人呢！"], 30, 0)
def test_no_passage_is_a_whole_text(texts, count, seed):
    # The exam may hold passages, and the lesson holds the texts: none may be in both.
    assert not set(passages(texts, count, seed)) & set(texts)


@given(TEXTS, st.integers(0, 40), SEEDS)
def test_a_seed_gives_the_same_passages(texts, count, seed):
    assert passages(texts, count, seed) == passages(list(texts), count, seed)


def test_seeds_differ():
    assert passages([SENTENCE], 10, 0) != passages([SENTENCE], 10, 1)


def test_short_texts_give_none():
    assert passages([], 10, 0) == []
    assert passages(["too short", "短", ""], 10, 0) == []


def test_each_text_gives_its_share():
    texts = [f"{word} " * 30 for word in ("parcel", "refund", "thanks")]
    texts = [text + "and " + str(number) * 40 for number, text in enumerate(texts)]
    found = passages([text[i:] for text in texts for i in range(0, 60, 20)], 90, 0)
    assert len(found) > 45
    shares = [sum(word in passage for passage in found) for word in ("parcel", "refund", "thanks")]
    assert min(shares) > 0.6 * max(shares)


def test_passages_begin_and_end_at_borders_where_there_are_any():
    text = "one two three four five six seven eight nine ten eleven twelve thirteen"
    whole = set(text.split())
    for passage in passages([text], 30, 0):
        assert set(passage.split()) <= whole, passage


def test_a_text_without_borders_is_cut_anywhere():
    found = passages(["字" * 5 + "快递退款物流客服到货签收" * 4], 10, 0)
    assert found
    assert all(10 <= len(passage) <= 45 for passage in found)


def test_passages_of_pairs_cut_one_side_and_leave_the_other():
    pairs = [join(SENTENCE, "我要退货, and my money back please", "ordered"), join("短", SENTENCE, "ordered")]
    found = passages(pairs, 20, 0)
    assert len(found) == 20
    for made in found:
        homes = [pair for pair in map(sides, pairs) if sum(a == b for a, b in zip(sides(made), pair, strict=True)) == 1]
        assert any(all(part in whole for part, whole in zip(sides(made), home, strict=True)) for home in homes)
    assert not set(found) & set(pairs)
