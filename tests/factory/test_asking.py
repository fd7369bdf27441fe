"""What the general model is asked: labels in words, a question for pairs, and nothing where labels say nothing."""

from __future__ import annotations

import pytest

from danlu.factory.asking import GAP, KEYWORDS, NO_YES, RELATION, SAME, Asking, asking_of, put
from danlu.text.mention import stands_for
from danlu.text.pair import join
from danlu.types import Task


def pairs(first, second, pairing):
    return [join(first, second, pairing)] * 3


def test_single_texts_are_asked_by_their_labels_alone():
    assert asking_of(Task(("体育", "财经"), "zh"), {}, ["一"]) == Asking(("体育", "财经"))
    assert asking_of(Task(("0", "1"), "zh"), {}, ["一"]) is None
    assert asking_of(Task(("0", "1"), "zh"), {"0": "体育", "1": "财经"}, ["一"]) == Asking(("体育", "财经"))


def test_a_text_of_several_labels_or_with_options_is_not_asked():
    assert asking_of(Task(("体育", "财经"), "zh", several=True), {}, ["一"]) is None
    assert asking_of(Task(("right", "wrong"), "zh", "ordered", options=True), {}, ["一"]) is None


@pytest.mark.parametrize(("language", "way"), [("zh", 0), ("mixed", 0), ("en", 1)])
def test_pairs_are_asked_a_question_in_their_language(language, way):
    alike = pairs("怎么退款", "如何退款", "unordered")
    assert asking_of(Task(("0", "1"), language, "unordered"), {}, alike) == Asking(NO_YES[way], SAME[way], both=True)
    said = Task(("different", "same"), language, "unordered")
    assert asking_of(said, {}, alike) == Asking(("different", "same"), SAME[way], both=True)
    follows = Task(("contradiction", "entailment", "neutral"), language, "ordered")
    after = pairs("他在跑步", "有人在动", "ordered")
    assert asking_of(follows, {}, after) == Asking(follows.labels, RELATION[way])
    assert asking_of(Task(("0", "1"), language, "ordered"), {}, after) is None


def test_keywords_beside_a_text_are_read_as_keywords():
    texts = pairs("本文研究一种传感器网络中的隐私保护查询协议。", "隐私保护, 传感器", "ordered")
    asking = asking_of(Task(("0", "1"), "zh", "ordered"), {}, texts)
    assert asking is not None
    assert (asking.options, asking.question) == (NO_YES[0], KEYWORDS[0])
    assert asking.sides(texts[0])[1] == "关键词：隐私保护、传感器"
    assert asking.sides(texts[0])[0] == "本文研究一种传感器网络中的隐私保护查询协议。"
    english = asking_of(Task(("0", "1"), "en", "ordered"), {}, pairs("A study of wires.", "wires, metal", "ordered"))
    assert english is not None
    assert english.sides(join("A study of wires.", "wires, metal", "ordered"))[1] == "Keywords: wires, metal"


def test_a_question_about_a_marked_pronoun_is_all_that_is_asked():
    texts = pairs("句中的“他”指的是“小王”吗?", "小王把书给了小李，因为“他”已经看完了。", "ordered")
    for labels in (("0", "1"), ("false", "true")):
        assert asking_of(Task(labels, "zh", "ordered"), {}, texts) == Asking(NO_YES[0])
    asked = stands_for("she", "Eve", "Ann thanked Eve because she had helped.")
    english = pairs(asked, "Ann thanked Eve because “she” had helped.", "ordered")
    assert asking_of(Task(("False", "True"), "en", "ordered"), {}, english) == Asking(NO_YES[1])
    follows = Task(("contradiction", "entailment", "neutral"), "zh", "ordered")
    assert asking_of(follows, {}, texts) == Asking(follows.labels, RELATION[0])
    unmarked = pairs("句中的“他”指的是“小王”吗?", "小王把书给了小李，因为他已经看完了。", "ordered")
    assert asking_of(Task(("0", "1"), "zh", "ordered"), {}, unmarked) is None


def test_a_sentence_with_a_comma_is_no_list():
    texts = pairs("He was asked to come.", "No, he stayed at home.", "ordered")
    assert asking_of(Task(("0", "1"), "en", "ordered"), {}, texts) is None
    both = pairs("red, blue, green", "blue, red", "ordered")
    assert asking_of(Task(("0", "1"), "en", "ordered"), {}, both) is None


def test_what_fills_a_blank_is_asked_in_the_language_of_the_question():
    assert put("他做事一向#idiom#，从不拖延。") == (GAP[0], "他做事一向____，从不拖延。")
    assert put("He sat ___ the chair.")[0] == GAP[1]
    assert put("明天下雨吗？") == ("", "明天下雨吗？")


def test_of_scored_pairs_it_is_asked_whether_they_are_the_same():
    scored = Task(("score",), "en", "unordered", range=(0, 5))
    assert asking_of(scored, {}, []) == Asking(NO_YES[1], SAME[1], both=True)
    assert asking_of(Task(("score",), "zh", "ordered", range=(0, 5)), {}, []) == Asking(NO_YES[0], SAME[0])
    assert asking_of(Task(("score",), "zh", range=(0, 5)), {"score": "how good"}, []) is None
