import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.corpus.overlap import GRAM, Guard, Seen, units

HELD = "今天下午三点的时候他们在学校门口等了很久也没有人来。"
SHORT = "物流很快，包装也好！"
ENGLISH = "the quick brown fox jumps over the lazy dog and then it sleeps all day long"


def test_units_are_characters_and_words_in_one_spelling():
    assert units("Ｈello, 世界！ don't_stop 3.5") == ["hello", "世", "界", "don", "t", "stop", "3", "5"]


@pytest.mark.parametrize(
    ("text", "expected", "removed"),
    [
        ("第一句话在这里。" + HELD + "第三句话。", "第一句话在这里。第三句话。", 1),
        ("物流很快,包装也好", "", 1),  # the same units: punctuation does not count
        ("真的，物流很快，包装也好！不错。", "真的，物流很快，包装也好！不错。", 0),  # short texts count only whole
        ("行首。\n物流很快。包装也好\n行尾。", "行首。\n行尾。", 2),  # a line that is an evaluation text
        (
            "He said: the quick brown fox jumps over the LAZY dog, and then it sleeps. Yes!",
            "Yes!",
            1,
        ),
        ("nothing here is known", "nothing here is known", 0),
        ("", "", 0),
    ],
)
def test_clear(text, expected, removed):
    assert Guard([HELD, SHORT, ENGLISH, "好的"]).clear([text]) == [(expected, removed)]


def test_a_run_across_two_sentences_takes_both():
    guard = Guard(["一二三四五六七八九十百千万亿"])
    assert guard.clear(["前文。一二三四五六七。八九十百千万亿。后文。"]) == [("前文。后文。", 2)]


def test_runs_do_not_cross_texts():
    guard = Guard(["一二三四五六七八九十百千万亿"])
    assert guard.clear(["一二三四五六七", "八九十百千万亿"]) == [("一二三四五六七", 0), ("八九十百千万亿", 0)]


@given(st.text("甲乙丙丁", min_size=GRAM, max_size=40), st.text("天地玄黄。\n", max_size=30), st.data())
def test_any_run_of_an_evaluation_text_is_found_anywhere(held, around, data):
    start = data.draw(st.integers(0, len(held) - GRAM))
    cut = data.draw(st.integers(0, len(around)))
    text = around[:cut] + held[start : start + GRAM] + around[cut:]
    ((kept, removed),) = Guard([held]).clear([text])
    assert removed == 1
    assert held[start : start + GRAM] not in kept


@given(st.lists(st.text("天地玄黄。！\n a", max_size=30), max_size=5))
def test_what_shares_nothing_is_left_as_it_is(texts):
    assert Guard([HELD, ENGLISH]).clear(texts) == [(text, 0) for text in texts]


def test_seen():
    seen = Seen()
    assert seen.again(["你好，世界", "hello", "你好 世界！"]) == [False, False, True]
    assert seen.again(["HELLO", "？", "！", "世界"]) == [True, False, False, False]
