"""Rows that are scored: how they are told from rows with labels, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.corpus.columns import Columns
from danlu.corpus.read import examples, load
from danlu.corpus.scores import are_scores
from danlu.errors import DataError

COLUMNS = Columns("text", "label")


def table(folder, cells, name="label", file="rows.csv"):
    path = folder / file
    path.write_text(f"text,{name}\n" + "".join(f"text {i},{cell}\n" for i, cell in enumerate(cells)), "utf-8")
    return path


def cells_of(values):
    return [(i, {"text": f"text {i}", "label": value}) for i, value in enumerate(values)]


@given(st.lists(st.integers(-5, 14), min_size=1, max_size=60))
def test_few_whole_numbers_stay_labels(values):
    assert not are_scores(cells_of(values), COLUMNS, None)
    assert not are_scores(cells_of([f"{value}.0" for value in values]), COLUMNS, None)
    assert are_scores(cells_of(values), COLUMNS, "score")


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(0, 9))
def test_one_decimal_makes_scores_unless_the_user_says_labels(values, more):
    rows = cells_of([*values, more + 0.5])
    assert are_scores(rows, COLUMNS, None)
    assert not are_scores(rows, COLUMNS, "classification")


@given(st.sets(st.integers(-100, 100), min_size=21, max_size=60))
def test_many_whole_numbers_are_scores(values):
    assert are_scores(cells_of(sorted(values)), COLUMNS, None)


@pytest.mark.parametrize(("name", "scored"), [("score", True), (" Y", True), ("intent", False), ("类目", False)])
def test_codes_of_labels_are_told_by_the_name_of_their_column(name, scored):
    rows = [(i, {"text": f"text {i}", name: i}) for i in range(30)]
    columns = Columns("text", name)
    assert are_scores(rows, columns, None) == scored
    assert are_scores(rows, columns, "score")
    assert are_scores([*rows, (30, {"text": "last", name: 0.5})], columns, None)


def test_numbers_that_a_label_list_names_are_labels(tmp_path):
    table(tmp_path, range(30), file="train.csv")
    assert load(tmp_path).columns.scores
    (tmp_path / "labels.txt").write_text("".join(f"{i}\n" for i in range(30)), "utf-8")
    assert not load(tmp_path).columns.scores
    assert load(tmp_path, task="score").columns.scores
    (tmp_path / "labels.txt").write_text("good\nbad\n", "utf-8")
    assert load(tmp_path).columns.scores


@given(st.lists(st.text(min_size=1), min_size=1, max_size=20), st.lists(st.floats(0, 5), max_size=5))
def test_words_are_no_scores(words, numbers):
    words = [f"label {word}" for word in words]
    assert not are_scores(cells_of(words + numbers), COLUMNS, None) or len(numbers) >= 9 * len(words)


@pytest.mark.parametrize("name", ["label", "score", "similarity", "评分"])
def test_the_column_is_found_by_its_name(tmp_path, name):
    found = load(table(tmp_path, ["0.5", "3", "4.50", ""], name))
    assert found.columns == Columns("text", name, scores=True)
    assert [row.label for row in found.train] == ["0.5", "3", "4.5"]
    assert len(found.unlabeled) == 1


def test_pairs_and_numbers_of_json_are_scored(tmp_path):
    file = tmp_path / "rows.jsonl"
    rows = [{"text_a": f"a {i}", "text_b": f"b {i}", "label": i / 2} for i in range(6)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    found = load(file)
    assert found.columns.scores
    assert [row.label for row in found.train] == ["0", "0.5", "1", "1.5", "2", "2.5"]


def test_whole_numbers_are_scores_where_the_user_says_so(tmp_path):
    file = table(tmp_path, [1, 2, 5])
    assert not load(file).columns.scores
    assert load(file, task="score").columns.scores


@pytest.mark.parametrize("cell", ["good", "nan", "inf", "1e12", "4/5"])
def test_a_slip_names_file_row_field_and_fix(tmp_path, cell):
    file = table(tmp_path, [0.5, *range(12), cell])
    with pytest.raises(
        DataError, match=r"rows\.csv, row 14, field 'label': the score is .*Fix: .*--task classification"
    ):
        load(file)


@pytest.mark.parametrize(
    ("cell", "what", "fix"),
    [
        ("1,000.5", "commas between its digits", "write 1000.5"),
        ("30.5%", "a percentage", "write 30.5,"),
        ("0,5", "a comma where the decimal point stands", "write 0.5"),
    ],
)
def test_a_slip_says_what_is_wrong_with_it(tmp_path, cell, what, fix):
    with pytest.raises(DataError, match=f"{what}.*Fix: {fix}"):
        load(table(tmp_path, [0.5, *range(12), f'"{cell}"']), task="score")


def test_a_task_that_does_not_fit_is_refused(tmp_path):
    file = table(tmp_path, ["good", "bad"])
    with pytest.raises(DataError, match=r"rows\.csv, row 1, field 'label'"):
        load(file, task="score")


def test_the_test_file_holds_what_the_training_file_holds(tmp_path):
    table(tmp_path, [0.5, 1, 2], file="train.csv")
    table(tmp_path, [1, "high"], file="test.csv")
    with pytest.raises(DataError, match=r"test\.csv, row 2, field 'label'"):
        load(tmp_path)
    table(tmp_path, [1, 7], file="test.csv")
    assert [row.label for row in load(tmp_path).test] == ["1", "7"]


def test_names_of_labels_alone_teach_no_scores(tmp_path):
    file = table(tmp_path, [1, 2])
    with pytest.raises(DataError, match="leave --second and --task out"):
        load(None, unlabeled=file, labels=("1", "2"), task="score")


def test_where_no_label_is_needed_none_is_read(tmp_path):
    assert [
        row.label
        for row in examples(
            table(tmp_path, ["x", "y"]), need_label=False, columns=Columns("text", "label", scores=True)
        )
    ] == [None, None]
