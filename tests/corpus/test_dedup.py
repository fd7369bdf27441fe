import random
import time
import tracemalloc
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.corpus.dedup import exact_key, families, near_duplicates, near_matches
from danlu.text.normalize import clean
from danlu.text.pair import join


def grams(text):
    text = clean(clean(text).casefold()).ljust(3, "\0")
    return {text[start : start + 3] for start in range(len(text) - 2)}


def jaccard(one, other):
    return len(grams(one) & grams(other)) / len(grams(one) | grams(other))


def sentences(count, seed, length=40):
    draw = random.Random(seed)
    letters = "的一是了我不在人们有来他这上着个地到大里说就去子得也和那要下看天时过出小么起你都把好还多没为又可家学只"
    return ["".join(draw.choices(letters, k=length)) for _ in range(count)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("很好！", "很好"),
        ("Good,  very GOOD.", "good very good"),
        ("Ａ", "a"),
        ("你好，世界", "你好 世界"),
        ("don\u200bt", "DONT"),
    ],
)
def test_exact_key_joins(one, other):
    assert exact_key(one) == exact_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("3.5", "35"), ("C#", "C"), ("？？", "！！"), ("👍", "👎"), ("很好", "很坏"), ("a", "")]
)
def test_exact_key_parts(one, other):
    assert exact_key(one) != exact_key(other)


@given(st.lists(st.text("ab 中文。\u200b", max_size=12), max_size=12), st.sampled_from([0.3, 0.6, 0.85, 1.0]))
def test_pairs_are_true_and_ordered(texts, threshold):
    pairs = near_duplicates(texts, threshold)
    assert len({later for later, _ in pairs}) == len(pairs)
    assert pairs == sorted(pairs)
    for later, earlier in pairs:
        assert later > earlier
        assert clean(texts[later])
        assert jaccard(texts[later], texts[earlier]) >= threshold


@given(st.lists(st.text(max_size=8), max_size=8), st.lists(st.text(max_size=8), max_size=8))
def test_every_exact_match_is_found(texts, references):
    known = {clean(clean(text).casefold()) for text in references} - {""}
    found = dict(near_matches(texts, references, 0.9))
    for index, text in enumerate(texts):
        if clean(clean(text).casefold()) in known:
            assert index in found
    for index, reference in found.items():
        assert jaccard(texts[index], references[reference]) >= 0.9


def test_near_duplicates_are_found():
    base = sentences(2000, seed=1)
    edited = [text[:20] + "嘿" + text[21:] for text in base[:500]]  # 38 grams, 3 changed: 35 / 41 = 0.854
    texts = base + edited
    wanted = {2000 + n: n for n in range(500) if jaccard(base[n], edited[n]) >= 0.85}
    found = dict(near_duplicates(texts))
    assert len(wanted) > 450
    assert sum(found.get(later) == earlier for later, earlier in wanted.items()) >= 0.99 * len(wanted)
    assert set(found) <= set(wanted)


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.95])
def test_other_thresholds(threshold):
    base = sentences(300, seed=2)
    draw = random.Random(3)
    edited = ["".join("嘿" if draw.random() < (1 - threshold) / 8 else c for c in text) for text in base]
    wanted = {300 + n for n in range(300) if jaccard(base[n], edited[n]) >= threshold}
    found = {later for later, _ in near_duplicates(base + edited, threshold)}
    assert len(wanted) > 100
    assert found <= wanted
    assert len(found) >= 0.98 * len(wanted)


def test_matches_are_with_references_only():
    one, two = sentences(2, seed=4)
    texts = [one, one, two, two + "啊"]
    assert near_matches(texts, [two]) == [(2, 0), (3, 0)]
    assert near_matches(texts, []) == []
    assert near_matches([], texts) == []


def test_a_match_is_found_although_an_earlier_text_repeats_too():
    reference = sentences(1, seed=5)[0]
    copies = [reference[:n] + "嘿" + reference[n:] for n in range(20)]
    assert len(near_matches(copies, [reference])) == len(copies)


def test_empty_texts_and_empty_lists():
    assert near_duplicates([]) == []
    assert near_duplicates(["", " ", "\u200b"]) == []
    assert near_duplicates(["a", "", "a", "A "]) == [(2, 0), (3, 0)]


@pytest.mark.parametrize(
    "texts",
    [
        ["一样的文本"] * 20_000,
        [f"您的验证码是{n:06d}，请勿告诉他人，十分钟内有效，感谢您使用我们的服务。" for n in range(5_000)],
        [f"{n:06d}号订单到了" for n in range(20_000)],
    ],
    ids=["identical", "template", "half a template"],
)
def test_no_quadratic_blow_up(texts):
    start = time.process_time()
    pairs = near_duplicates(texts)
    assert time.process_time() - start < 20  # comparing all with all would take minutes
    assert len(pairs) < len(texts)


def test_memory_and_time_at_scale():
    texts = sentences(20_000, seed=6, length=25)
    start = time.process_time()
    tracemalloc.start()
    try:
        assert near_duplicates([*texts, texts[7]]) == [(20_000, 7)]
        assert tracemalloc.get_traced_memory()[1] < 150 << 20
    finally:
        tracemalloc.stop()
    assert time.process_time() - start < 20


def test_rows_are_one_family_through_any_of_their_texts():
    a, b, c, d, e, f = sentences(6, seed=3)
    found = families([(a, b), (c, d), (b + "!", c), (e, f), (f, e)]).tolist()
    assert found[0] == found[1] == found[2] != found[3] == found[4]
    assert families([]).tolist() == []


def test_a_text_between_two_that_differ_brings_them_together():
    middle = "the parcel that I ordered on Monday has"
    first, last = "xyz" + middle[3:], middle[:-3] + "xyz"
    for rows in permutations((first, last, middle)):
        assert not near_matches([first], [last])
        assert families([[row] for row in rows]).tolist() == [0, 0, 0]


# --- pairs

LONG = "the parcel that I ordered three weeks ago has still not come to my house"
OTHER = "please send the money for the broken lamp back to my card this week"


@pytest.mark.parametrize(
    ("first", "second", "kind", "same"),
    [
        ((LONG, OTHER), (LONG + "!", OTHER), "ordered", True),
        ((LONG, OTHER), (OTHER, LONG), "ordered", False),
        ((LONG, OTHER), (OTHER, LONG), "unordered", True),
        ((LONG * 4, "lamp"), (LONG * 4, "sofa"), "ordered", False),
        (("z " + LONG, OTHER), ("a " + LONG, OTHER), "unordered", True),
        (("ab", "c"), ("a", "bc"), "ordered", False),
    ],
)
def test_pairs_repeat_one_another_if_both_sides_do(first, second, kind, same):
    found = near_matches([join(*first, kind)], [join(*second, kind)])
    assert found == ([(0, 0)] if same else [])


def test_the_key_of_a_pair_keeps_its_sides_apart():
    assert exact_key(join("AB", "c!", "ordered")) == exact_key(join("ab", "C", "ordered"))
    assert exact_key(join("ab", "c", "ordered")) != exact_key(join("a", "bc", "ordered"))
