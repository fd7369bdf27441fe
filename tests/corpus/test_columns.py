"""Columns are found in wide files, and in rows that each bring their own, by work that grows as the cells do."""

from __future__ import annotations

import csv
import json

import pytest

from danlu.corpus.columns import Columns, cells_of, find_columns
from danlu.corpus.examples import open_examples
from danlu.corpus.pronouns import mention_column
from danlu.corpus.several import FLAGS, flag_columns
from danlu.errors import DataError

WIDE = 400


class Counted(dict):
    """A row that counts how often it is asked for a cell."""

    asked = 0

    def get(self, *arguments):
        Counted.asked += 1
        return super().get(*arguments)


class Name(str):
    """A column's name that counts how often it is compared."""

    __slots__ = ()
    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Name.compared += 1
        return str.__eq__(self, other)


@pytest.fixture
def sparse():
    """Rows with columns of their own beside a text and a label."""
    own = [{f"row {row}, {number}": "0" for number in range(4)} for row in range(WIDE // 4)]
    return [Counted(text=f"some text {row}", label="ab"[row % 2], **cells) for row, cells in enumerate(own)]


def test_rows_with_columns_of_their_own_are_looked_at_once(sparse):
    Counted.asked = 0
    assert find_columns(sparse, text=None, label=None, file="a.jsonl") == Columns("text", "label")
    assert flag_columns(sparse, "text") == ()
    assert mention_column(sparse) is None
    assert Counted.asked < 20 * len(sparse)


def test_a_text_and_a_label_are_found_by_content_among_columns_that_few_rows_have(sparse):
    rows = [{"what": row["text"], "kind": row["label"], **row} for row in sparse]
    for row in rows:
        del row["text"], row["label"]
    assert find_columns(rows, text=None, label=None, file="a.jsonl") == Columns("what", "kind")


def test_cells_are_those_that_rows_have():
    assert cells_of([{"a": 1}, {"b": 2, "a": None}, {"c": 3}], ["a", "b", "d"]) == {"a": [1, None], "b": [2], "d": []}


def test_flags_stand_in_every_labelled_row():
    rows = [
        {"text": "i", "a": 0, "b": 1},
        {"text": "j", "a": None, "b": ""},
        {"text": "k"},
        {"text": "l", "a": 1, "b": 0},
    ]
    assert flag_columns(rows, "text") == ("a", "b")
    assert flag_columns([*rows, {"text": "m", "a": 1}], "text") == ()
    assert flag_columns([{**row, "c": "0" if "a" in row else "2"} for row in rows], "text") == ("a", "b")


def test_the_flags_of_another_file_are_looked_up_and_not_searched(tmp_path, monkeypatch):
    names = [Name(f"label {number}") for number in range(WIDE)]
    rows = [{Name("text"): f"text {row}", **dict.fromkeys(names, "01"[row % 2])} for row in range(4)]
    monkeypatch.setattr("danlu.corpus.examples.read_rows", lambda _: enumerate(rows, 1))
    path = tmp_path / "test.csv"
    known = Columns("text", None, flags=tuple(names), several=FLAGS)
    Name.compared = 0
    columns, found = open_examples(path, text=None, label=None, need_label=True, columns=known)
    assert columns is known
    assert len(list(found)) == 4
    assert Name.compared < 20 * WIDE
    rows = [{name: value for name, value in row.items() if name != "label 7"} for row in rows]
    Name.compared = 0
    with pytest.raises(DataError, match=r"field 'label 7': the label has no column of 0 and 1.*label 9 and 390 more"):
        open_examples(path, text=None, label=None, need_label=True, columns=known)
    assert Name.compared < 40 * WIDE


def wide_csv(path, names, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *rows])


def wide_json(path, names, rows):
    path.write_text(json.dumps([dict(zip(names, row, strict=True)) for row in rows]), encoding="utf-8")


def wide_xlsx(path, names, rows):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in [names, *rows]:
        sheet.append(row)
    book.save(path)


@pytest.mark.parametrize(("kind", "write"), [("csv", wide_csv), ("json", wide_json), ("xlsx", wide_xlsx)])
def test_a_wide_table_names_ten_of_its_columns(run, tmp_path, kind, write):
    path = tmp_path / f"train.{kind}"
    write(path, [f"column {number}" for number in range(2_000)], [[f"v{row}"] * 2_000 for row in range(3)])
    code, _, err = run("check", path)
    assert code == 2
    assert err.endswith("there are: " + ", ".join(f"column {n}" for n in range(10)) + " and 1,990 more.\n")
    assert "column 9 and 1,990 more" in run("check", path, "--text", "text")[2]
