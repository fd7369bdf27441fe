"""Questions that bring their options: found in the shapes that users have; a bad row is one sentence that names it."""

from __future__ import annotations

import json

import pytest

from danlu.corpus.options import Keyed, option_columns, question_columns, style_of
from danlu.corpus.read import examples, load
from danlu.errors import DataError
from danlu.factory.inspect import inspect
from danlu.text.question import parts


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path):
    dataset = load(path)
    return dataset.columns, [(*parts(row.text), row.label) for row in dataset.train]


def test_chid_as_its_authors_publish_it(tmp_path):
    rows = [
        {"id": 1, "candidates": ["守株待兔", "画蛇添足"], "content": "他总是#idiom#,从不努力。", "answer": 0},
        {"id": 2, "candidates": ["画蛇添足", "雪中送炭"], "content": "这真是#idiom#的好事。", "answer": 1},
    ]
    columns, found = read(write(tmp_path / "train.jsonl", rows))
    assert (columns.text, columns.label, columns.options) == ("content", "answer", ("candidates",))
    assert columns.answers == "from 0"
    assert found[1] == ("这真是#idiom#的好事。", "画蛇添足", "雪中送炭", "雪中送炭")


def test_c3_as_its_authors_publish_it(tmp_path):
    document = [
        [["男:饿了吗?", "女:饿了。"], [{"question": "谁饿了?", "choice": ["男的", "女的"], "answer": "女的"}], "1-1"],
        [["天黑了。"], [{"question": "怎么了?", "choice": ["天黑了", "下雨了", "起风了"], "answer": "天黑了"}], "1-2"],
    ]
    (tmp_path / "train.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    columns, found = read(tmp_path / "train.json")
    assert (columns.text, columns.second, columns.answers) == ("question", "passage", "texts")
    assert found[0] == ("谁饿了? 男:饿了吗? 女:饿了。", "男的", "女的", "女的")
    assert len(found[1]) == 5


@pytest.mark.parametrize(
    ("answers", "style"),
    [
        (["0", "1"], "from 0"),
        (["1", "2"], "from 1"),
        (["1", "1"], "from 0"),
        (["A", "b"], "letters"),
        (["(A)", "B."], "letters"),
        (["left", "right"], "texts"),
    ],
)
def test_how_answers_name_options_is_found_out_from_all_rows(tmp_path, answers, style):
    options = {"from 1": (["left", "x"], ["x", "right"]), "letters": (["left", "x"], ["x", "right"])}
    own = options.get(style, (["left", "right"], ["left", "right"]))
    rows = [{"question": "q", "options": o, "answer": a} for o, a in zip(own, answers, strict=True)]
    columns, found = read(write(tmp_path / "train.jsonl", rows))
    assert columns.answers == style
    expected = {"1": ["right", "right"]} if answers == ["1", "1"] else {}
    assert [label for *_, label in found] == expected.get("1", ["left", "right"])


@pytest.mark.parametrize(("answers", "unsure"), [(["1", "2"], True), (["0", "2"], False), (["2", "3"], False)])
def test_numbers_that_may_count_from_0_or_1_are_a_warning(tmp_path, answers, unsure):
    rows = [{"question": f"q {a}", "options": ["x", "y", "z"], "answer": a} for a in answers]
    dataset = load(write(tmp_path / "train.jsonl", rows))
    assert dataset.columns.unsure == unsure
    codes = {finding.code for finding in inspect(dataset).findings if finding.level == "warning"}
    assert ("answers-unsure" in codes) == unsure


@pytest.mark.parametrize(
    ("answers", "known", "style"),
    [
        (["1", "2"], "from 1", "from 1"),
        (["1", "2"], "from 0", "from 0"),
        (["1", "2"], "letters", "from 0"),
        (["0", "1"], "from 1", "from 0"),
        (["2", "3"], "from 0", "from 1"),
        (["0", "1", "3"], "from 1", "from 1"),
        (["a", "c"], "from 1", "letters"),
    ],
)
def test_answers_are_read_as_a_model_learned_them_where_they_fit_that(answers, known, style):
    rows = [Keyed(number, "q", ("x", "y", "z"), answer) for number, answer in enumerate(answers)]
    assert style_of(rows, known) == style


def test_columns_with_an_option_each_may_leave_the_last_ones_empty(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("题目,A,B,C,答案\n一加一,一,二,,B\n大的,象,鼠,猫,A\n", encoding="utf-8")
    columns, found = read(path)
    assert (columns.options, columns.answers) == (("A", "B", "C"), "letters")
    assert found == [("一加一", "一", "二", "二"), ("大的", "象", "鼠", "猫", "象")]


@pytest.mark.parametrize(
    "names",
    [
        ("option1", "option2"),
        ("choice_a", "choice_b"),
        ("选项A", "选项B"),
        ("ending0", "ending1"),
        ("A", "B"),
        ("a", "b", "c"),
    ],
)
def test_lettered_and_numbered_columns_are_options(names):
    row = dict(zip(names, "xyz", strict=False))
    assert option_columns([{"question": "q", **row}], ["question", *names]) == names


@pytest.mark.parametrize(
    "names", [("text_a", "text_b"), ("sentence1", "sentence2"), ("a", "b"), ("a", "c"), ("label", "options")]
)
def test_other_columns_are_not(names):
    assert option_columns([dict.fromkeys(names, "x")], list(names)) == ()


def test_a_list_may_stand_in_a_cell_of_a_table(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text('question,options,answer\nq,"[""x"", ""y""]",y\nr,"[""x"", ""z""]",x\n', encoding="utf-8")
    assert read(path)[1] == [("q", "x", "y", "y"), ("r", "x", "z", "x")]


def test_a_passage_and_its_question_are_one_question(tmp_path):
    rows = [{"context": "long story", "question": "who?", "options": ["a", "b"], "answer": "a"}] * 2
    columns, found = read(write(tmp_path / "train.jsonl", rows))
    assert (columns.text, columns.second) == ("question", "context")
    assert found[0][0] == "who? long story"


def test_rows_without_an_answer_are_unlabelled(tmp_path):
    rows = [{"question": "q", "options": ["a", "b"], "answer": answer} for answer in ("a", None)]
    dataset = load(write(tmp_path / "train.jsonl", rows))
    assert (len(dataset.train), len(dataset.unlabeled)) == (1, 1)
    del rows[0]["answer"]
    del rows[1]["answer"]
    assert [row.label for row in examples(write(tmp_path / "u.jsonl", rows), need_label=False)] == [None, None]


GOOD = {"question": "first", "options": ["a", "b"], "answer": 0}


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ({"options": ["a"]}, "row 2, field 'options': there is 1 option. Fix: give two or more"),
        ({"options": ["a", "a"]}, "row 2, field 'options': the option 'a' stands twice"),
        ({"options": ["a", " "]}, "row 2, field 'options': option 2 is empty"),
        ({"options": ["a", 3]}, "row 2, field 'options': the options are a list that is not of texts"),
        ({"options": None}, "row 2, field 'options': the options are missing. Fix: write them as a list of texts"),
        ({"options": " "}, "row 2, field 'options': the options are missing"),
        ({"options": "a or b"}, "row 2, field 'options': the options are a str, not a list"),
        ({"options": ["a", "b" * 2001]}, "an option has more than 2,000 characters"),
        ({"options": [str(i) for i in range(65)]}, "there are 65 options"),
        ({"answer": 2}, "row 2, field 'answer': the answer '2' is none of the 2 options. Fix: write one from 0 to 1"),
        ({"answer": "c"}, "the answer 'c' is none of the 2 options"),
        ({"answer": [1]}, "row 2, field 'answer': it holds a list, not one value"),
        ({"question": ["x"]}, "row 2, field 'question': it holds a list, not one value"),
    ],
)
def test_a_bad_row_is_one_sentence(tmp_path, bad, told):
    path = write(tmp_path / "train.jsonl", [GOOD, {**GOOD, **bad}, GOOD, GOOD])
    with pytest.raises(DataError) as error:
        load(path)
    assert str(error.value).startswith("train.jsonl, ")
    assert told in str(error.value)


def test_other_files_name_options_as_the_training_file_does(tmp_path):
    one = {"question": "q", "options": ["a", "b"]}
    write(tmp_path / "train.jsonl", [{**one, "answer": 1}, {**one, "answer": 2}])
    write(tmp_path / "test.jsonl", [{**one, "answer": 1}])
    dataset = load(tmp_path)
    assert [row.label for row in dataset.train + dataset.test] == ["a", "b", "a"]
    write(tmp_path / "test.jsonl", [{**one, "answer": 0}])
    with pytest.raises(DataError, match="write one from 1 to 2, as the other rows do"):
        load(tmp_path)


def test_a_file_of_another_kind_is_refused(tmp_path):
    write(tmp_path / "train.jsonl", [GOOD, GOOD])
    write(tmp_path / "test.jsonl", [{"question": "q", "answer": "a"}])
    with pytest.raises(DataError, match="have no options, as the training rows have"):
        load(tmp_path)


def test_options_in_an_object_are_refused():
    rows = [{"q": "which?", "options": {"A": "yes", "B": "no"}, "answer": "A"}]
    with pytest.raises(DataError, match=r"options.*an object, not a list"):
        question_columns(rows, text=None, second=None, label=None, file="f.jsonl")
