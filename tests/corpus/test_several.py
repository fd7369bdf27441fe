"""Rows whose texts may have several labels: the three ways in which files say so, and what is not taken for one."""

import json

import pytest

from danlu.corpus.read import load
from danlu.corpus.several import separator_of
from danlu.errors import DataError
from danlu.text.several import held, hold

ROWS = [("the lamp is broken", ["light"]), ("loud and dark at night", ["light", "noise"]), ("thank you", [])]
ROWS += [
    ("drills since six", ["noise"]),
    ("the bin is full and it is loud", ["noise", "waste"]),
    ("full bins", ["waste"]),
]


def as_json(folder, rows=ROWS, name="labels"):
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps({"text": text, name: labels}) + "\n" for text, labels in rows), "utf-8")
    return file


def as_table(folder, separator):
    file = folder / "rows.csv"
    lines = [f'"{text}","{separator.join(labels)}"' for text, labels in ROWS]
    file.write_text("\n".join(["text,label", *lines]) + "\n", "utf-8")
    return file


def as_flags(folder):
    names, file = ["light", "noise", "waste"], folder / "rows.csv"
    lines = [f"{text},{','.join(str(int(name in labels)) for name in names)}" for text, labels in ROWS]
    file.write_text("\n".join([f"text,{','.join(names)}", *lines]) + "\n", "utf-8")
    return file


def labels(dataset):
    return [held(row.label) for row in dataset.train]


@pytest.mark.parametrize("name", ["labels", "label", "tags", "标签"])
def test_lists_are_several_labels_and_an_empty_one_counts(tmp_path, name):
    found = load(as_json(tmp_path, name=name))
    assert found.columns.several == "list"
    assert labels(found) == [tuple(sorted(each)) for _, each in ROWS]


def test_objects_with_labels_are_lists(tmp_path):
    rows = [(text, {"labels": each}) for text, each in ROWS]
    assert labels(load(as_json(tmp_path, rows, "label"))) == [tuple(sorted(each)) for _, each in ROWS]


@pytest.mark.parametrize("separator", ["|", ";", ",", "、", "；", "，"])
def test_cells_are_parted_where_parts_repeat(tmp_path, separator):
    found = load(as_table(tmp_path, separator))
    assert found.columns.several == separator
    assert labels(found) == [tuple(sorted(each)) for _, each in ROWS if each]
    assert [row.text for row in found.unlabeled] == ["thank you"]  # an empty cell is a label that nobody gave


def test_columns_of_0_and_1(tmp_path):
    found = load(as_flags(tmp_path))
    assert found.columns.flags == ("light", "noise", "waste")
    assert labels(found) == [tuple(sorted(each)) for _, each in ROWS]


@pytest.mark.parametrize("name", ["label", "sentiment"])
def test_a_binary_label_beside_another_flag_is_one_label(tmp_path, name):
    file = tmp_path / "rows.csv"
    file.write_text(f"text,{name},verified\n" + "".join(f"row {i},{i % 2},{i // 2 % 2}\n" for i in range(8)), "utf-8")
    found = load(file)
    assert (found.columns.label, found.columns.flags) == (name, ())
    assert load(file, task="several").columns.flags == (name, "verified")


def test_rows_whose_flags_are_all_empty_are_unlabelled(tmp_path):
    file = as_flags(tmp_path)
    file.write_text(file.read_text("utf-8") + "a strange smell,,,\n", "utf-8")
    found = load(file)
    assert found.columns.flags == ("light", "noise", "waste")
    assert [row.text for row in found.unlabeled] == ["a strange smell"]


def test_lists_of_one_are_a_single_label(tmp_path):
    found = load(as_json(tmp_path, [(text, ["a" if "is" in text else "b"]) for text, _ in ROWS]))
    assert [row.label for row in found.train] == ["a", "b", "b", "b", "a", "b"]


def test_the_user_has_the_last_word(tmp_path):
    one = as_json(tmp_path, [(text, ["a"]) for text, _ in ROWS])
    assert {row.label for row in load(one, task="several").train} == {hold(["a"])} != {"a"}
    table = as_table(tmp_path, "|")
    assert "light|noise" in {row.label for row in load(table, task="classification").train}
    with pytest.raises(DataError, match=r"rows\.jsonl, row 2.*leave one, or give --task several"):
        load(as_json(tmp_path), task="classification")


def test_names_with_commas_stay_whole():
    assert separator_of(["Home, Garden", "Toys, Games", "Home, Garden", "Books"]) is None
    assert separator_of(["a,b", "a", "b,c", "c"]) == ","
    assert separator_of(["a|b", "a", "b", "c,d", "c", "d,c"]) == ","  # which parts more cells
    assert separator_of(["a,b", "b,a", "x", "y", "z"]) == ","  # labels that stand alone say nothing against it
    assert separator_of(["a;b"], ["a", "b"]) == ";"
    assert separator_of(["a;b"], ["a;b"]) is None


def test_flags_that_are_no_flags_name_row_and_field(tmp_path):
    train = as_flags(tmp_path)
    folder = tmp_path / "task"
    folder.mkdir()
    (folder / "train.csv").write_text(train.read_text("utf-8"), "utf-8")
    (folder / "test.csv").write_text("text,light,noise,waste\nsomething,1,2,0\n", "utf-8")
    with pytest.raises(DataError, match=r"test\.csv, row 1.*noise.*'2', neither 0 nor 1"):
        load(folder)


@pytest.mark.parametrize("bad", [[["light"]], [{"name": "light"}], {"light": 1}])
def test_one_bad_row_is_named_and_condemns_no_column(tmp_path, bad):
    with pytest.raises(DataError) as error:
        load(as_json(tmp_path, [*ROWS, ("x", bad)]))
    assert str(error.value).startswith("rows.jsonl, row 7, field 'labels': the labels are not a list of names. Fix: ")


def test_what_is_held_is_sorted_and_stands_once():
    assert held(hold(["b", "a", "b"])) == ("a", "b")
    assert held(hold([])) == ()
    assert held(None) == ()
    assert hold([]) != ""
    assert hold(["a"]) != "a"


def test_a_task_that_is_named_is_not_ignored(tmp_path):
    rows = [{"sentence1": f"a {i}", "sentence2": f"b {i}", "label": "same"} for i in range(4)]
    pairs, asked = tmp_path / "pairs.jsonl", tmp_path / "asked.csv"
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    with pytest.raises(DataError, match=r"pairs of texts \(sentence1, sentence2\).*--text"):
        load(pairs, task="several")
    asked.write_text(
        "text,label,a,b,c\n" + "".join(f"row {i},{'xy'[i % 2]},1{i},2{i},3{i}\n" for i in range(4)), "utf-8"
    )
    with pytest.raises(DataError, match=r"none of the 3 options.*--task classification"):
        list(load(asked).train)
    found = load(asked, task="classification")
    assert found.columns.options == ()
    assert [row.label for row in found.train] == ["x", "y", "x", "y"]
