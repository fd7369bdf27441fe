"""Entities in every shape that users have; offsets that do not match are refused with file, row, field and fix."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.corpus.marks import Marks, example, find_marks
from danlu.corpus.read import load, marked_examples
from danlu.corpus.tags import are_tags
from danlu.errors import DataError
from danlu.types import Span

TEXT = "我在北京😀大学"
BEIJING = (Span(2, 4, "place"),)
SHAPES = {
    "objects": {"entities": [{"start": 2, "end": 4, "type": "place"}]},
    "other names": {"spans": [{"start_offset": 2, "end_offset": 4, "label": "place"}]},
    "label studio": {"label": [{"start": 2, "end": 4, "labels": ["place"], "text": "北京"}]},
    "doccano": {"label": [[2, 4, "place"]]},
    "doccano, many": {"labels": [[2, 4, "place"]]},
    "cluener": {"label": {"place": {"北京": [[2, 3]]}}},
    "gts": {"entity_list": [{"entity_text": "北京", "entity_type": "place", "entity_index": [[2, 3]]}]},
    "last character": {"entities": [{"start": 2, "end": 3, "type": "place", "text": "北京"}]},
}


def write(folder, name, *rows):
    path = folder / name
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_read(tmp_path, shape):
    dataset = load(write(tmp_path, "train.jsonl", {"id": 1, "text": TEXT, **SHAPES[shape]}))
    assert [row.spans for row in dataset.train] == [BEIJING]
    assert dataset.columns.text == "text"
    assert dataset.columns.marks is not None
    assert ("ends included" in dataset.columns.marks) == (shape in {"cluener", "gts", "last character"})


def test_entities_stand_in_the_text_also_where_two_others_could_be_a_pair(tmp_path):
    row = {"sentence1": "some one", "sentence2": "some other", "text": TEXT, **SHAPES["last character"]}
    dataset = load(write(tmp_path, "train.jsonl", row), task="entities")
    assert dataset.columns.text == "text"
    assert [found.spans for found in dataset.train] == [BEIJING]


def test_a_csv_holds_json(tmp_path):
    cell = json.dumps([{"start": 2, "end": 4, "type": "place"}]).replace('"', '""')
    path = write(tmp_path, "train.csv", "text,entities", f'{TEXT},"{cell}"', f'{TEXT}!,"[]"')
    assert [row.spans for row in load(path).train] == [BEIJING, ()]


def test_missing_entities_are_unlabelled_and_an_empty_list_says_there_are_none(tmp_path):
    rows = [{"text": TEXT, "entities": [[2, 4, "place"]]}, {"text": "无", "entities": []}, {"text": "未标"}]
    dataset = load(write(tmp_path, "train.jsonl", *rows))
    assert [row.spans for row in dataset.train] == [BEIJING, ()]
    assert [row.text for row in dataset.unlabeled] == ["未标"]


def test_a_folder_mixes_shapes_and_takes_plain_text_as_unlabelled(tmp_path):
    write(tmp_path, "train.jsonl", {"text": TEXT, **SHAPES["objects"]})
    write(tmp_path, "test.jsonl", {"text": TEXT, **SHAPES["cluener"]})
    write(tmp_path, "unlabeled.txt", "第一句", "第二句")
    dataset = load(tmp_path)
    assert [row.spans for row in dataset.test] == [BEIJING]
    assert [row.text for row in dataset.unlabeled] == ["第一句", "第二句"]


TAGGED = [
    (["B-LOC", "I-LOC", "O", "B-PER"], [(0, 8), (12, 15)]),
    (["B-LOC", "E-LOC", "O", "S-PER"], [(0, 8), (12, 15)]),
    (["I-LOC", "I-LOC", "O", "I-PER"], [(0, 8), (12, 15)]),
    (["B-LOC", "B-LOC", "O", "O"], [(0, 3), (4, 8)]),
    (["B-LOC", "I-PER", "I-PER", "O"], [(0, 3), (4, 11)]),
    (["U-LOC", "L-LOC", "O", "O"], [(0, 3), (4, 8)]),
]


@pytest.mark.parametrize(("tags", "expected"), TAGGED)
def test_tags_of_every_scheme(tmp_path, tags, expected):
    row = {"tokens": ["New", "York", "is", "Bob"], "ner_tags": tags}
    (found,) = load(write(tmp_path, "train.jsonl", row)).train
    assert found.text == "New York is Bob"
    assert [(span.start, span.end) for span in found.spans or ()] == expected


@pytest.mark.parametrize("name", ["train.conll", "train.bio", "train.txt"])
def test_conll(tmp_path, name):
    lines = ["-DOCSTART- O", "", "我 O", "在 O", "北 B-LOC", "京 I-LOC", "", "in O", "Rome S-LOC", ""]
    dataset = load(write(tmp_path, name, *lines))
    assert [(row.text, row.row, row.spans) for row in dataset.train] == [
        ("我在北京", 3, (Span(2, 4, "LOC"),)),
        ("in Rome", 8, (Span(3, 7, "LOC"),)),
    ]


def test_texts_that_only_look_a_little_like_tags_stay_texts(tmp_path):
    path = write(tmp_path, "unlabeled.txt", "my blood type is O", "and hers is B-negative")
    write(tmp_path, "train.jsonl", {"text": TEXT, **SHAPES["objects"]})
    assert path.exists()
    assert len(load(tmp_path).unlabeled) == 2


BAD = {
    "outside": ({"start": 2, "end": 40, "type": "x"}, "outside the text of 7 characters"),
    "negative": ({"start": -1, "end": 2, "type": "x"}, "outside"),
    "empty": ({"start": 2, "end": 2, "type": "x"}, "is empty"),
    "backwards": ({"start": 4, "end": 2, "type": "x"}, "is empty"),
    "another text": ({"start": 2, "end": 4, "type": "x", "text": "南京"}, "'南京', and the text has '北京'"),
    "no type": ({"start": 2, "end": 4}, "has no type"),
    "no number": ({"start": "two", "end": 4, "type": "x"}, "no whole numbers"),
    "thousands of digits": ({"start": "0", "end": "9" * 5_000, "type": "x"}, "no whole numbers"),
    "space": ({"start": 0, "end": 1, "type": "x"}, "white space only"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_match_names_file_row_field_and_fix(tmp_path, case):
    entity, message = BAD[case]
    text = " " + TEXT[1:] if case == "space" else TEXT
    good = {"text": TEXT, "entities": [{"start": 2, "end": 4, "type": "x"}]}
    with pytest.raises(DataError) as caught:
        load(write(tmp_path, "train.jsonl", good, {"text": text, "entities": [entity]}))
    assert message in str(caught.value)
    assert str(caught.value).startswith("train.jsonl, row 2, field 'entities': ")
    assert "Fix: " in str(caught.value)


def test_numbers_for_tags_and_lengths_that_differ_are_refused(tmp_path):
    with pytest.raises(DataError, match="not strings"):
        load(write(tmp_path, "a.jsonl", {"tokens": ["a"], "ner_tags": [3]}))
    with pytest.raises(DataError, match="not strings"):
        load(write(tmp_path, "e.jsonl", {"text": "a", "tokens": ["a"], "ner_tags": [3]}))
    with pytest.raises(DataError, match="1 tokens and 2 tags"):
        load(write(tmp_path, "b.jsonl", {"tokens": ["a"], "ner_tags": ["O", "O"]}))
    with pytest.raises(DataError, match="the tag 'LOC' of token 2 is of no known scheme"):
        load(write(tmp_path, "c.jsonl", {"tokens": ["a", "b"], "ner_tags": ["O", "LOC"]}))
    with pytest.raises(DataError, match="no column marks entities"):
        marked_examples(write(tmp_path, "d.jsonl", {"text": "a", "label": "b"}))


def test_tags_are_those_that_mark_something():
    assert are_tags([["O", "B-X"], ["O"]])
    assert not are_tags([["O"], ["O", "O"]])
    assert not are_tags([["B-X", "light"]])
    assert not are_tags([])


@given(
    text=st.text(st.sampled_from("北京ab 😀\n\u200b\u3000"), min_size=1, max_size=20),
    cuts=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)), max_size=4),
)
def test_what_is_written_is_read(text, cuts):
    spans = {Span(s, s + w, "x") for s, w in cuts if s + w <= len(text) and text[s : s + w].strip()}
    entities = [{"start": span.start, "end": span.end, "type": "x"} for span in spans]
    found = example({"text": text, "entities": entities}, Marks("text", "entities", "objects"), "f", 1)
    assert found.text == text
    assert set(found.spans or ()) == spans


def test_rows_with_labels_have_no_marks():
    rows: list[dict[str, object]] = [{"text": "a", "label": "b"}, {"text": "c", "label": "d"}]
    assert find_marks(rows, text=None, label=None, file="f") is None


@pytest.mark.parametrize(("name", "marked"), [("entities", True), ("label", False), ("labels", False)])
def test_empty_lists_are_entities_only_in_a_column_that_says_so(name, marked):
    rows: list[dict[str, object]] = [{"text": "a", name: []}, {"text": "b", name: []}]
    assert (find_marks(rows, text=None, label=None, file="f") is not None) == marked


@pytest.mark.parametrize(
    ("labels", "marked"),
    [(["B-LOC", "O"], True), (["O", "O"], False), (["sport", "news"], False), (["B-LOC", 1], False)],
)
def test_beside_a_text_a_list_is_one_of_tags_only_where_it_holds_tags(labels, marked):
    rows: list[dict[str, object]] = [{"text": "Rome won", "words": ["Rome", "won"], "labels": labels}]
    found = find_marks(rows, text=None, label=None, file="f")
    assert (found is not None and found.shape == "tags") == marked
