"""Rows of a pronoun and what it may stand for become a question and its text; places that do not fit are told."""

from __future__ import annotations

import json

import pytest

from danlu.corpus.pronouns import mention_column, mentioned
from danlu.corpus.read import load
from danlu.errors import DataError
from danlu.factory.asking import NO_YES, Asking, asking_of
from danlu.factory.inspect import inspect, render
from danlu.text.mention import pair_of
from danlu.text.pair import sides

TEXT = "小王把书给了小李,因为他已经看完了。"


def row(**changes):
    target = {"span1_text": "小王", "span1_index": 0, "span2_text": "他", "span2_index": 11, **changes}
    return {"text": TEXT, "target": target, "label": "true", "idx": 1}


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_row_is_an_ordered_pair_that_names_both_mentions(tmp_path):
    rows = [row(), {**row(span1_text="小李", span1_index=6), "label": "false"}] * 3
    dataset = load(write(tmp_path / "train.jsonl", rows))
    assert (dataset.columns.text, dataset.columns.second, dataset.columns.label) == ("text", "target", "label")
    first, second = sides(dataset.train[0].text)
    assert first == "句中的“他”指的是“小王”吗?"
    assert second == TEXT.replace("他", "“他”")
    assert dataset.train[0].text != dataset.train[1].text
    assert dataset.columns.beside == "mention"
    found = inspect(dataset)
    said = "a text, a pronoun in it and what that may stand for"
    assert found.facts["evidence"][0].startswith(f"the columns 'text' and 'target' hold {said}")
    assert f"classification of {said} into 2 labels, in Chinese" in render(found)
    assert found.task.pairing == "ordered"
    assert asking_of(found.task, {}, [row.text for row in found.train]) == Asking(NO_YES[0])


def test_pairs_that_are_written_out_are_such_questions_too(tmp_path):
    first, second = pair_of(TEXT, "他", "小王")
    rows = [{"sentence1": first, "sentence2": second, "label": label} for label in ("true", "false")]
    assert load(write(tmp_path / "train.jsonl", rows)).columns.beside == "mention"


@pytest.mark.parametrize("name", ["keyword", "words"])
def test_a_list_of_words_beside_a_text_is_its_keywords(tmp_path, name):
    rows = [{"abst": "a text", name: ["one", "two"], "label": label} for label in ("0", "1")]
    dataset = load(write(tmp_path / "train.jsonl", rows), text="abst", second=name)
    assert dataset.columns.beside == "keywords"
    assert inspect(dataset).task.pairing == "ordered"
    rows = [{"sentence1": "a text", "sentence2": "another", "label": label} for label in ("0", "1")]
    assert load(write(tmp_path / "train.jsonl", rows)).columns.beside is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"span2_index": 12}, "'他' does not stand at character 12 of the text (but at 11)"),
        ({"span1_text": "小张"}, "'小张' does not stand at character 0 of the text"),
        ({"span1_index": -1}, "does not stand at character -1"),
        ({"span1_text": ""}, "mention 1 is no word with a place"),
        ({"span2_index": "11"}, "mention 2 is no word with a place"),
    ],
)
def test_a_mention_that_is_not_there_is_one_sentence(tmp_path, changes, told):
    with pytest.raises(DataError) as error:
        load(write(tmp_path / "train.jsonl", [row(), row(**changes)]))
    assert str(error.value).startswith("train.jsonl, row 2, field 'target")
    assert told in str(error.value)


def test_mentions_stand_in_the_column_of_half_of_the_rows_or_more():
    assert mention_column([row(), {"target": "a text"}]) == "target"
    assert mention_column([row(), {"target": "a text"}, {"target": None}]) is None


def test_what_is_no_two_mentions_is_refused_with_its_row():
    fields = {name: value for name, value in row()["target"].items() if name != "span2_index"}
    for value, told in (("他", "it holds a str, not two mentions"), (fields, "it holds a dict, not two mentions")):
        with pytest.raises(DataError, match=f"a.jsonl, row 3, field 'target': {told}"):
            mentioned(TEXT, value, "a.jsonl", 3, "target")
