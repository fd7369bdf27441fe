"""Sentences that mean the same, sentences that do not, and what follows from a passage."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter

import pytest
from recipes.choice_made import GENRES
from recipes.choice_rows import FOLLOWS, SAME

from recipes import choice_meaning

pytest.importorskip("jieba")
STORY = (
    "昨天上午我们一共有25个学生参加了学校的比赛。老师告诉大家北京的天气非常好，所以现在开始准备！"
    "因为时间不够，他们没有完成全部任务。但是校长觉得孩子们已经很努力了，希望明年再来。"
    "上海的经济在去年增加了不少，人们非常高兴。"
)
TEXTS = {name: [STORY] * 8 for name in (*GENRES, "web-zh", "weekly", "blog")} | {  # of all sources
    "enwiki": [
        f"Item {n}\nITEM {n} is a {kind} in the north of the country. It was known for its long history, and many "
        "people came to see it every year, as the newspapers of that time tell us."
        for n, kind in enumerate(["small village", "football club", "rock band", "river", "film", "old church"])
    ]
}


@pytest.fixture(scope="module")
def edits():
    return choice_meaning.Edits(TEXTS, random.Random(1))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "parallel").mkdir()
    said = [
        ("你要怎么去车站？", "How do you get to the station?"),
        ("你如何去火车站呢？", "how do you get to the station"),
    ]
    said += [(f"你要怎么去{place}呢？", f"How do you get to the {place} park?") for place in ("学校", "公园", "医院")]
    with gzip.open(folder / "parallel" / "en-zh-0.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps({"source": "t", "en": en, "zh": zh}) + "\n" for zh, en in said)
    return folder


def test_a_rewording_changes_words_and_not_what_is_said(edits):
    assert edits.reworded("我们现在非常高兴", chance=1.0) != "我们现在非常高兴"
    assert edits.reworded("我们现在非常高兴", chance=0.0) == "我们现在非常高兴"
    words = {word for line in choice_meaning.SYNONYMS.split("\n") for word in line.split()}
    assert len(words) == sum(len(line.split()) for line in choice_meaning.SYNONYMS.split("\n"))  # one meaning each


@pytest.mark.parametrize("only_against", [True, False])
def test_what_is_turned_is_another_sentence(edits, only_against):
    turned = {edits.turned("昨天有25个学生没有参加比赛", only_against=only_against) for _ in range(60)}
    assert "昨天有25个学生没有参加比赛" not in turned
    assert any("25" not in sentence for sentence in turned)
    assert any("没有" not in sentence for sentence in turned)
    assert edits.turned("，。", only_against=only_against) is None


def test_every_kind_of_question_comes_with_every_answer(data):
    questions = list(choice_meaning.meaning(data, TEXTS, random.Random(3)))
    sources = Counter(question.source for question in questions)
    assert sources.keys() == {"paraphrase", "bilingual", "changed", "follows", "kind"}
    for question in questions:
        assert len(set(question.options)) == len(question.options) >= 2
        assert 0 <= question.answer < len(question.options)
        assert all(question.sides)
    said = {question.options[question.answer] for question in questions if question.source == "changed"}
    assert said & {words[0] for words in SAME}
    assert said & {words[1] for words in SAME}
    said = {question.options[question.answer] for question in questions if question.source == "follows"}
    assert all(said & {words[place] for words in FOLLOWS} for place in range(3))


def test_two_translations_of_one_sentence_mean_the_same(data):
    made = choice_meaning.meaning(data, TEXTS, random.Random(3))
    pairs = {frozenset(q.sides): q.options[q.answer] for q in made if q.source == "paraphrase"}
    same = {words[0] for words in SAME}
    assert pairs[frozenset({"你要怎么去车站?", "你如何去火车站呢?"})] in same
    assert all(
        (answer in same) == (sides == {"你要怎么去车站?", "你如何去火车站呢?"}) for sides, answer in pairs.items()
    )


def test_a_kind_is_asked_without_the_words_that_say_it():
    found = list(choice_meaning._kinds(TEXTS, random.Random(0)))
    assert len(found) >= 5
    for question in found:
        assert question.options[question.answer] not in question.sides[0]
