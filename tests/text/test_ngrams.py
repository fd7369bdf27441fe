"""Hashed n-grams: what they are, that a batch changes nothing, and that their hashes never change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.text.ngrams import _steps, ngrams
from danlu.text.pair import join, plain

ANY_TEXT = st.lists(st.characters() | st.sampled_from("\ud800\udbff\udc0d\udfff\u200b"), max_size=30).map(
    lambda characters: plain("".join(characters))
)
BITS = 24


def counted(text, bits=BITS):
    rows, buckets, counts = ngrams([text], bits)
    assert not rows.any()
    return dict(zip(buckets.tolist(), counts.tolist(), strict=True))


@given(st.lists(ANY_TEXT, max_size=8), st.integers(1, 32))
def test_any_text_gives_what_it_gives_alone(texts, bits):
    rows, buckets, counts = ngrams(texts, bits)
    assert (rows.dtype, buckets.dtype, counts.dtype) == (np.int64, np.int64, np.float32)
    assert rows.shape == buckets.shape == counts.shape
    for number, text in enumerate(texts):
        mine = rows == number
        assert dict(zip(buckets[mine].tolist(), counts[mine].tolist(), strict=True)) == counted(text, bits)


@given(st.lists(ANY_TEXT, max_size=8), st.integers(1, 32))
def test_buckets_are_distinct_ordered_and_inside_the_table(texts, bits):
    rows, buckets, counts = ngrams(texts, bits)
    keys = list(zip(rows.tolist(), buckets.tolist(), strict=True))
    assert keys == sorted(set(keys))
    assert all(0 <= bucket < 1 << bits for bucket in buckets.tolist())
    assert (counts >= 1).all()


@given(ANY_TEXT)
def test_fewer_bits_merge_buckets_and_lose_no_count(text):
    wide, narrow = counted(text, 32), counted(text, 8)
    merged: dict[int, float] = {}
    for bucket, count in wide.items():
        merged[bucket >> 24] = merged.get(bucket >> 24, 0) + count
    assert merged == narrow


@pytest.mark.parametrize("texts", [[], [""], ["", " ", "\u200b", "\ud800"]])
def test_nothing_gives_nothing(texts):
    assert all(len(part) == 0 for part in ngrams(texts, BITS))


def test_han_text_gives_one_to_three_characters():
    # 你 好, ␣你 你好 好␣, ␣你好 你好␣
    assert counted("你好") == dict.fromkeys(counted("你好"), 1.0)
    assert len(counted("你好")) == 7
    assert len(counted("你").keys() & counted("你好").keys()) == 2  # 你, ␣你
    assert sorted(counted("好好").values()) == [1.0, 1.0, 1.0, 1.0, 1.0, 2.0]  # 好 stands twice


@pytest.mark.parametrize("word", ["a", "cat", "parcel", "straße", "привет"])
def test_a_word_gives_three_to_five_characters_and_itself(word):
    size = len(word)
    assert sum(counted(word).values()) == size + (size - 1) + max(size - 2, 0) + 1


def test_words_come_in_pairs_too():
    # "cat dog" has 7 + 6 + 5 grams of characters, two words and one pair.
    assert len(counted("cat dog")) == 7 + 6 + 5 + 2 + 1
    assert counted("cat").keys() - counted("cat dog").keys() == set()
    assert len(counted("cat dog").keys() & counted("dog cat").keys()) == 7 + 7  # the pair is another one


def test_single_characters_count_in_han_only():
    assert counted("早上好").keys() & counted("好的").keys()
    assert not counted("ab").keys() & counted("b").keys()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("room 12", "room 99"),
        ("１２ 楼", "34 楼"),
        ("٣ x", "3 x"),
        ("Parcel", "PARCEL"),
        ("ｐａｒｃｅｌ", "parcel"),
        ("par\u00adcel", "parcel"),
        (" a \n\t b ", "a b"),
        ("快递\ud800", "快递"),
    ],
)
def test_spellings_that_count_as_one(one, other):
    assert counted(one) == counted(other)


def test_repetition_is_counted():
    once, twice = counted("cat"), counted("cat cat")
    assert all(twice[bucket] == 2 * count for bucket, count in once.items())


def test_the_hashes_of_shipped_files_never_change():
    _, buckets, counts = ngrams(["快递 box 快递"], 18)
    assert sorted(counted("你好", 18)) == [1567, 59763, 92502, 166726, 185402, 250145, 252438]
    assert sorted(counted("It's 5", 18)) == [
        *(4686, 24726, 34091, 45152, 49699, 52989, 71078, 115125, 116739),
        *(119655, 136915, 149390, 185631, 195698, 197507, 205397, 219283, 220508),
    ]
    assert dict(zip(buckets.tolist(), counts.tolist(), strict=True)) == {
        **dict.fromkeys((3969, 5963, 51266, 51944, 102944, 113874, 157940, 179808, 216674), 1.0),
        **dict.fromkeys((45277, 123245, 139606, 150334, 169288, 186440, 255849), 2.0),
    }


# --- pairs

PAIRS = st.lists(st.tuples(ANY_TEXT, ANY_TEXT), min_size=1, max_size=6)
KINDS = st.sampled_from(["ordered", "unordered"])


@given(PAIRS, KINDS, st.integers(1, 32))
def test_any_pair_gives_what_it_gives_alone(pairs, kind, bits):
    texts = [join(*pair, kind) for pair in pairs]
    rows, buckets, counts = ngrams(texts, bits)
    keys = list(zip(rows.tolist(), buckets.tolist(), strict=True))
    assert keys == sorted(set(keys))
    assert all(0 <= bucket < 1 << bits for bucket in buckets.tolist())
    assert (counts > 0).all()
    for number, text in enumerate(texts):
        mine = rows == number
        assert dict(zip(buckets[mine].tolist(), counts[mine].tolist(), strict=True)) == counted(text, bits)


@given(ANY_TEXT, ANY_TEXT)
def test_the_order_of_an_unordered_pair_says_nothing(first, second):
    assert counted(join(first, second, "unordered")) == counted(join(second, first, "unordered"))


def test_an_ordered_pair_tells_its_sides_apart():
    one, other = (counted(join(*pair, "ordered")) for pair in (("包裹丢了", "退款"), ("退款", "包裹丢了")))
    assert not one.keys() & other.keys()  # nothing is shared, so every n-gram is that of one side


@given(st.integers(1, 40), st.integers(0, 40))
def test_a_share_reaches_every_step_up_to_it(whole, part):
    """Of `whole` one-letter words of the second side, `part` stand in the first as well."""
    part = min(part, whole)
    rows, step, _, count = _steps(np.array([float(part)]), np.array([float(whole)]), 1)
    assert step.tolist() == list(range(20 * part // whole if part < whole else 19))
    assert not rows.any()
    assert (count == 1).all()


def test_the_hashes_of_pairs_never_change():
    unordered, ordered = (counted(join("退款", "退货", kind), 18) for kind in ("unordered", "ordered"))
    assert unordered == dict.fromkeys(
        [
            8102,
            23775,
            40040,
            45126,
            74658,
            82210,
            100813,
            117387,
            144828,
            148091,
            151417,
            156825,
            169381,
            182149,
            218618,
            221006,
            244335,
        ],
        1.0,
    )
    assert ordered == dict.fromkeys(
        [
            8102,
            24243,
            40040,
            45126,
            49207,
            74658,
            81757,
            100813,
            117387,
            144828,
            148091,
            155062,
            169381,
            180767,
            182149,
            182804,
            211332,
            218618,
            220601,
            221006,
            237195,
            260824,
        ],
        1.0,
    )


def test_the_more_is_shared_the_more_steps_are_reached():
    grams = [len(counted(join("ab" * n, "ab" * n, "unordered"))) for n in (1, 2)]
    same = counted(join("包裹", "包裹", "unordered"))
    none = counted(join("包裹", "退款", "unordered"))
    assert len(same) == len(counted("包裹")) + 19  # each n-gram once, and every step
    assert len(none) == len(counted("包裹")) + len(counted("退款"))
    assert grams[0] < grams[1]
