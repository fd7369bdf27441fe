"""Relations in the shapes that users have, and what is said of those that lead nowhere."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.cli_relations import relations_json
from danlu.corpus.marks import Marks, example
from danlu.corpus.read import load
from danlu.errors import DataError
from danlu.types import Extraction, Relation, Span

TEXT = "张三在北京的星河公司上班"
PERSON, CITY, FIRM = Span(0, 2, "person"), Span(3, 5, "city"), Span(6, 10, "company")
ENTITIES = [{"start": s.start, "end": s.end, "type": s.type} for s in (PERSON, CITY, FIRM)]
WITH_IDS = [{**each, "id": 10 + number} for number, each in enumerate(ENTITIES)]
WORKS = (Relation(PERSON, FIRM, "works_for"),)

SHAPES = {
    "numbers": (ENTITIES, "relations", [{"head": 0, "tail": 2, "type": "works_for"}]),
    "numbers as strings": (ENTITIES, "relations", [{"head": "0", "tail": "2", "type": "works_for"}]),
    "from and to": (ENTITIES, "relations", [{"from": 0, "to": 2, "label": "works_for"}]),
    "source and target": (ENTITIES, "relation_list", [{"source": 0, "target": 2, "relation": "works_for"}]),
    "doccano": (WITH_IDS, "relations", [{"id": 0, "from_id": 10, "to_id": 12, "type": "works_for"}]),
    "ids": (WITH_IDS, "relations", [{"head_id": 10, "tail_id": "12", "type": "works_for"}]),
    "floats": (ENTITIES, "relations", [{"head": 0.0, "tail": "2.0", "type": "works_for"}]),
    "ids as floats": (WITH_IDS, "relations", [{"head": 10.0, "tail": "12.0", "type": "works_for"}]),
    "entity ids": (
        [{**each, "entity_id": 7 - number} for number, each in enumerate(ENTITIES)],
        "relations",
        [{"head_id": 7, "tail_id": 5, "type": "works_for"}],
    ),
    "places with ids": (
        [
            {"text": TEXT[s.start : s.end], "type": s.type, "index": [s.start, s.end], "id": number}
            for s, number in ((PERSON, 2), (CITY, 0), (FIRM, 1))
        ],
        "relations",
        [{"head": 2, "tail": 1, "type": "works_for"}],
    ),
    "words": (ENTITIES, "relations", [{"head": "张三", "tail": "星河公司", "type": "works_for"}]),
    "lists of numbers": (ENTITIES, "relations", [[0, "works_for", 2]]),
    "lists of words": (ENTITIES, "关系", [["张三", "works_for", "星河公司"]]),
}


def write(folder, *rows, name="train.jsonl"):
    path = folder / name
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("shape", SHAPES)
def test_every_usual_shape_is_read(tmp_path, shape):
    entities, column, relations = SHAPES[shape]
    dataset = load(write(tmp_path, {"id": 1, "text": TEXT, "entities": entities, column: relations}))
    (row,) = dataset.train
    assert row.spans == (PERSON, CITY, FIRM)
    assert row.relations == WORKS
    assert f"the relations the column '{column}'" in str(dataset.columns.marks)


def test_entities_in_another_order_are_counted_as_they_are_written(tmp_path):
    row = {"text": TEXT, "entities": ENTITIES[::-1], "relations": [{"head": 2, "tail": 0, "type": "works_for"}]}
    assert load(write(tmp_path, row)).train[0].relations == WORKS


def test_tags_have_relations_too(tmp_path):
    row = {"tokens": ["Bob", "joined", "Acme"], "ner_tags": ["B-PER", "O", "B-ORG"]}
    row["relations"] = [{"head": 0, "tail": 1, "type": "works_for"}]
    (found,) = load(write(tmp_path, row)).train
    assert [(r.head.type, r.type, r.tail.type) for r in found.relations or ()] == [("PER", "works_for", "ORG")]


TRIPLES = {
    "duie": (
        "spo_list",
        {
            "subject": "张三",
            "predicate": "works_for",
            "object": {"@value": "星河公司"},
            "subject_type": "person",
            "object_type": {"@value": "company"},
        },
        ("person", "company"),
    ),
    "plain": ("triples", {"subject": "张三", "predicate": "works_for", "object": "星河公司"}, ("entity", "entity")),
    "lists": ("relations", ["张三", "works_for", "星河公司"], ("entity", "entity")),
}


@pytest.mark.parametrize("shape", TRIPLES)
def test_triples_of_words_are_looked_for_in_the_text(tmp_path, shape):
    column, item, kinds = TRIPLES[shape]
    dataset = load(write(tmp_path, {"text": TEXT, column: [item]}, {"text": "无", column: []}, {"text": "未标"}))
    row, empty = dataset.train
    assert [(s.start, s.end, s.type) for s in row.spans or ()] == [(0, 2, kinds[0]), (6, 10, kinds[1])]
    assert [(r.head.start, r.type, r.tail.start) for r in row.relations or ()] == [(0, "works_for", 6)]
    assert (empty.spans, empty.relations) == ((), ())
    assert [row.text for row in dataset.unlabeled] == ["未标"]


def test_a_row_without_the_field_is_unknown_and_an_empty_list_says_that_nothing_holds(tmp_path):
    rows = [{"text": TEXT, "entities": ENTITIES, "relations": r} for r in ([[0, "works_for", 2]], [], None)]
    rows.append({"text": TEXT, "entities": ENTITIES})
    assert [row.relations for row in load(write(tmp_path, *rows)).train] == [WORKS, (), None, None]


def test_other_lists_are_no_relations(tmp_path):
    rows = [{"text": TEXT, "entities": ENTITIES, "links": ["http://example.org"]}]
    assert load(write(tmp_path, *rows)).train[0].relations is None
    labelled = [{"text": "a", "label": "x", "relation": "friend"}, {"text": "b", "label": "y", "relation": "foe"}]
    assert load(write(tmp_path, *labelled)).columns.marks is None


def test_triples_beside_labels_or_in_a_column_not_named_are_no_task(tmp_path):
    url = [{"text": "a", "label": "x", "links": [{"source": "a", "target": "http://x"}]}, {"text": "b", "label": "y"}]
    assert load(write(tmp_path, *url)).columns.marks is None
    triples = [["张三", "works_for", "星河公司"]]
    rows = [{"text": TEXT, "Mood": f"m{i}", "score": i, "triples": triples} for i in range(4)]
    assert load(write(tmp_path, *rows)).columns.marks is None
    assert load(write(tmp_path, *rows), label="mood").columns.label == "Mood"
    assert load(write(tmp_path, *rows), label="Triples").train[0].relations is not None


def test_a_cell_that_is_no_number_is_unknown(tmp_path):
    marks = Marks("text", "entities", "objects", relations="relations")
    row = {"text": TEXT, "entities": ENTITIES, "relations": float("nan")}
    assert example(row, marks, "f", 1).relations is None
    assert example({**row, "entities": float("nan")}, marks, "f", 1).spans is None


def test_a_word_that_is_a_digit_is_a_word_first(tmp_path):
    text = "1 of Orwell is 2"
    entities = [[0, 1, "book"], [5, 11, "author"], [15, 16, "book"]]
    row = {"text": text, "entities": entities, "relations": [["1", "of", "Orwell"], ["2", "of", "0"]]}
    (found,) = load(write(tmp_path, row)).train
    assert [(each.head.start, each.tail.start) for each in found.relations or ()] == [(0, 5), (15, 0)]


def test_entities_with_and_without_ids_in_one_row_are_refused(tmp_path):
    some = [{**ENTITIES[0], "id": 1}, *ENTITIES[1:]]
    with pytest.raises(DataError, match=r"row 1, field 'entities': entity 2 has no id.*Fix: give an id"):
        load(write(tmp_path, {"text": TEXT, "entities": some, "relations": [[1, "x", 2]]}))
    assert load(write(tmp_path, {"text": TEXT, "entities": some, "relations": []})).train[0].relations == ()


def test_words_are_whole_words_of_the_text_as_it_is_read(tmp_path):
    text = "Annabel and Ann run 3 shops, not 30,\x1eof A\x1eB"
    triple = {"subject": "Ann", "predicate": "runs", "object": "3"}
    (found,) = load(write(tmp_path, {"text": text, "spo_list": [triple, {**triple, "object": "A\x1eB"}]})).train
    assert [(each.head.start, each.tail.start) for each in found.relations or ()] == [(12, 20), (12, 40)]
    with pytest.raises(
        DataError, match=r"relation 1 has the head '.*', which stands in the text as a part of longer words alone"
    ):
        load(write(tmp_path, {"text": "Annabel runs 3", "spo_list": [triple]}))


BAD = {
    "true as a type": ([{"head": 0, "tail": 2, "type": True}], "has the type True, which is no name"),
    "many digits": ([{"head": "9" * 5000, "tail": 2, "type": "x"}], "which none of the row's entities say"),
    "missing number": ([{"head": 0, "tail": 3, "type": "x"}], "relation 1 has the tail 3, and the row has 3 entities"),
    "negative": ([{"head": -1, "tail": 2, "type": "x"}], "has the head -1"),
    "true": ([{"head": True, "tail": 2, "type": "x"}], "has the head True"),
    "no such words": ([{"head": "李四", "tail": 2, "type": "x"}], "which none of the row's entities say"),
    "itself": ([{"head": 1, "tail": 1, "type": "x"}], "leads from an entity to itself"),
    "twice": ([[0, "x", 2], [1, "x", 2], [0, "x", 2]], "relation 3 says the same as relation 1"),
    "no type": ([{"head": 0, "tail": 2}], "has no type"),
    "no tail": ([[0, "x", 2], {"head": 0, "type": "x"}], "relation 2 has no tail (there is: head, type)"),
    "no object": ([[0, "x", 2], "0-2"], "relation 2 is no object with head, tail and type"),
    "other names in every row": ([{"a": 0, "b": 2, "type": "x"}], "relation 1 has no head (there is: a, b, type)"),
    "no list": ({"head": 0, "tail": 2, "type": "x"}, "holds a dict, not a list of relations"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_leads_nowhere_names_file_row_field_and_fix(tmp_path, case):
    relations, message = BAD[case]
    good = {"text": TEXT, "entities": ENTITIES, "relations": [] if "every" in case else [[0, "x", 2]]}
    with pytest.raises(DataError) as caught:
        load(write(tmp_path, good, {"text": TEXT, "entities": ENTITIES, "relations": relations}))
    assert message in str(caught.value)
    assert str(caught.value).startswith("train.jsonl, row 2, field 'relations': ")
    assert "Fix: " in str(caught.value)


def test_an_id_that_is_nowhere_and_words_that_are_not_one_place(tmp_path):
    row = {"text": TEXT, "entities": WITH_IDS, "relations": [{"from_id": 10, "to_id": 2, "type": "x"}]}
    with pytest.raises(DataError, match=r"tail 2, which is the id of no entity of the row.*10, 11, 12"):
        load(write(tmp_path, row))
    for words, message in (("李四", "does not stand in the text"), ("公", None), ("", "no words of the text")):
        triple = {"subject": "张三", "predicate": "x", "object": words}
        text = TEXT + "，是家老公司" if words == "公" else TEXT
        with pytest.raises(DataError, match=message or "more than once"):
            load(write(tmp_path, {"text": text, "spo_list": [triple]}))
    with pytest.raises(DataError, match="relations and no entities"):
        load(
            write(
                tmp_path,
                {"text": TEXT, "entities": ENTITIES, "relations": []},
                {"text": "a", "relations": [[0, "x", 1]]},
            )
        )


@given(
    text=st.text(st.sampled_from("北京ab 😀\n\u3000"), min_size=4, max_size=20),
    cuts=st.lists(st.tuples(st.integers(0, 16), st.integers(1, 4), st.sampled_from("xy")), max_size=5),
    ends=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from("pq")), max_size=5),
)
def test_what_is_predicted_is_read_back(text, cuts, ends):
    spans = {Span(s, s + w, k) for s, w, k in cuts if s + w <= len(text) and text[s : s + w].strip()}
    ordered = tuple(sorted(spans, key=lambda span: (span.start, -span.end, span.type)))
    pairs = {(h, t, k) for h, t, k in ends if max(h, t) < len(ordered) and h != t}
    relations = tuple(Relation(ordered[h], ordered[t], k) for h, t, k in sorted(pairs))
    said = relations_json(Extraction(text, ordered, relations))
    entities = [{"start": span.start, "end": span.end, "type": span.type} for span in ordered]
    marks = Marks("text", "entities", "objects", relations="relations")
    found = example({"text": text, "entities": entities, **said}, marks, "f", 1)
    assert found.spans == ordered
    assert set(found.relations or ()) == set(relations)
