"""Questions with options on their way through the factory: whole, unrepeated, and never on both sides of a fold."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.corpus.dedup import families
from danlu.corpus.read import Columns, Dataset
from danlu.evals.questions import Questions
from danlu.factory.exam import Exam
from danlu.factory.folds import folds_of_questions
from danlu.factory.generator import question_passages
from danlu.factory.inspect import inspect, render
from danlu.factory.question_material import as_pairs, gather_questions
from danlu.text.pair import sides
from danlu.text.question import ask, essence, pairs, parts
from danlu.types import Example

COLUMNS = Columns("question", "answer", None, ("options",), "texts")
LONG = "a question long enough to stand for itself, whatever its options are"


def row(question, options, right=0, number=1, source="train.jsonl"):
    label = None if right is None else options[right]
    return Example(ask(question, options), label, source, number)


def dataset(train, test=(), unlabeled=(), dev=()):
    return Dataset(list(train), list(dev), list(test), list(unlabeled), columns=COLUMNS)


def test_questions_are_sifted_whole():
    train = [
        row("which is a fruit?", ["apple", "stone"]),
        row("which is a fruit?", ["stone", "apple"], 1, 2),  # the same with its options turned
        row("which is a fruit?", ["pear", "brick"], 0, 3),  # the same words, another question
        row(LONG, ["yes", "no"], 0, 4),
        row("which is a colour?", ["red", "apple"], 0, 5),
    ]
    found = inspect(dataset(train, test=[row(LONG, ["no", "yes", "maybe"], 0, 1, "test.jsonl")]))
    assert [one.row for one in found.train] == [1, 3, 5]
    codes = {finding.code for finding in found.findings}
    assert {"duplicates", "leak-training", "few-questions"} <= codes
    assert (found.task.labels, found.task.pairing, found.task.options) == (("right", "wrong"), "ordered", True)
    assert found.facts["task"] == "choice"
    assert found.facts["options"]["test"] == {"least": 3, "most": 3, "mean": 3.0, "chance": round(1 / 3, 4)}
    assert "an option's own text" in render(found)


def test_one_question_under_two_answers_is_a_conflict():
    twice = [row("which?", ["a", "b"]), row("which?", ["a", "b"], 1, 2), row("who?", ["a", "b"], 0, 3)]
    assert "conflicts" in {finding.code for finding in inspect(dataset(twice)).findings}


@pytest.mark.parametrize(("count", "code"), [(0, "no-questions"), (1, "one-question")])
def test_too_few_questions_are_an_error(count, code):
    found = inspect(dataset([row("which?", ["a", "b"])] * count))
    assert [finding.code for finding in found.findings if finding.level == "error"] == [code]


def test_no_fold_parts_a_question_or_those_that_repeat_it():
    texts = [f"question {number} of many, each with words of its own: {'xyz'[number % 3] * 9}" for number in range(12)]
    texts[1] = texts[0] + "!"
    sizes = Questions.of([2 + number % 3 for number in range(12)])
    folds = folds_of_questions(texts, sizes, 4, 0)
    group = families([[text] for text in texts])
    assert sorted(np.concatenate([held for _, held in folds])) == list(range(len(sizes.owner)))
    for train, held in folds:
        learned, judged = sizes.asked(train), sizes.asked(held)
        assert not set(group[learned]) & set(group[judged])
        assert len(sizes.rows(judged)) == len(held)


@given(st.lists(st.integers(2, 4), min_size=2, max_size=12), st.integers(0, 30), st.integers(0, 30), st.integers(0, 9))
def test_questions_are_drawn_whole(sizes, distill, pool, seed):
    rows = [row(f"question {i}", [f"option {j}" for j in range(size)], 0, i) for i, size in enumerate(sizes)]
    free = [row(f"free {i}", [f"option {j}" for j in range(size)], None, i) for i, size in enumerate(sizes)]
    found = inspect(dataset(rows, unlabeled=free))
    plan = SimpleNamespace(distill=distill, pool=min(pool, distill))
    material = gather_questions(found, plan, seed)
    assert material.asked is not None
    everything = [pair for text in (one.text for one in material.asked.rows) for pair in pairs(text)]
    assert material.everything == everything
    assert material.asked.questions.sizes.sum() == len(everything)
    assert len(material.texts.pool) <= plan.pool
    assert material.unlabelled.stop - material.unlabelled.start <= distill
    assert material.texts.questions.sizes.sum() == len(material.texts.rows)
    right = material.texts.questions.some(np.arange(len(found.train))).truth(material.texts.truth)
    assert len(right) == len(found.train)


def test_pairs_say_which_option_is_right():
    found = as_pairs([row("which?", ["a", "b", "c"], 1), row("open", ["x", "y"], None)])
    assert [one.label for one in found] == ["wrong", "right", "wrong", None, None]
    assert [sides(one.text) for one in found[:2]] == [("which?", "a"), ("which?", "b")]


def test_an_exam_of_questions_counts_right_answers():
    targets = np.array([[0.9, 0.1], [0.1, 0.9], [0.2, 0.8], [0.8, 0.2]], np.float32)
    exam = Exam(["a", "b", "c", "d"], targets, Questions.of([2, 2]))
    logits = np.log(np.array([[0.3, 0.7], [0.2, 0.8], [0.4, 0.6], [0.1, 0.9]], np.float32))
    answers = exam.answers(logits)
    assert answers.tolist() == [0, 0]  # the most probable of each question, though no option is likely
    assert 0.5 < exam.score(answers) < exam.score(np.array([0, 1])) < 1
    assert exam.units() == [["a", "b"], ["c", "d"]]
    assert len(exam.fitted([logits, logits])) == 2


def test_shorter_questions_keep_their_blank_and_their_options():
    texts = [ask("他为人正直,做事总是____,大家都很佩服他。", ["光明磊落", "画蛇添足"]), ask(LONG, ["yes", "no"])]
    made = question_passages(texts, 20, 0)
    assert made == question_passages(texts, 20, 0)
    assert len(made) == len(set(made)) > 5
    for text in made:
        question, *options = parts(text)
        assert options in (["光明磊落", "画蛇添足"], ["yes", "no"])
        assert "____" in question or question in LONG
        assert essence(text)
