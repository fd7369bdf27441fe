"""What `danlu check` says of rows with entities, and what stays of them."""

from __future__ import annotations

import json

from danlu.corpus.read import load
from danlu.factory.inspect import inspect, render


def look(folder, train, **others):
    for role, rows in {"train": train, **others}.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{role}.jsonl").write_text(text, encoding="utf-8")
    return inspect(load(folder))


def row(text, *spans):
    return {"text": text, "entities": [list(span) for span in spans]}


def codes(inspection):
    return {finding.code for finding in inspection.findings}


MANY = [row(f"Send box {i} to Rome today", (13 + len(str(i)), 17 + len(str(i)), "place")) for i in range(12)]


def test_the_task_its_types_and_the_evidence(tmp_path):
    found = look(tmp_path, [row("Rome, in Italy", (0, 4, "city"), (9, 14, "land")), row("nothing here")])
    assert found.task.labels == ("city", "land")
    assert found.task.nesting == "flat"
    assert found.facts["task"] == "extraction"
    shown = render(found)
    assert "extraction of entities of 2 types, texts in English" in shown
    assert "lists [start, end, type]" in shown
    assert "entities: 2 in 1 of 2 training rows" in shown
    assert "few-entities" in codes(found)


def test_no_text_is_changed(tmp_path):
    text = "  全角ＡＢＣ \u200b 北京  "
    found = look(tmp_path, [row(text, (text.index("北"), text.index("北") + 2, "place")), row("b")])
    assert found.train[0].text == text
    span = (found.train[0].spans or ())[0]
    assert text[span.start : span.end] == "北京"


def test_white_space_around_an_entity_goes_and_is_told(tmp_path):
    found = look(tmp_path, [row("in  Rome now", (2, 9, "place")), row("b")])
    span = (found.train[0].spans or ())[0]
    assert (span.start, span.end) == (4, 8)
    assert "entity-spaces" in codes(found)


def test_traces_of_a_wrong_encoding_are_told(tmp_path):
    found = look(tmp_path, [row("in Rome \ufffd", (3, 7, "place")), row("b")])
    told = next(finding for finding in found.findings if finding.code == "replacement-characters")
    assert told.rows == ("train.jsonl:1",)


def test_entities_inside_others_and_entities_that_cross(tmp_path):
    nested = look(tmp_path, [row("University of Rome", (0, 18, "school"), (14, 18, "place")), row("b")])
    assert nested.task.nesting == "nested"
    assert "entities-cross" not in codes(nested)
    crossed = look(tmp_path, [row("University of Rome", (0, 13, "school"), (11, 18, "place")), row("b")])
    assert crossed.task.nesting == "flat"
    assert "entities-cross" in codes(crossed)


def test_a_single_nested_entity_among_many_is_a_slip(tmp_path):
    outer = row("University of Rome", (0, 18, "school"), (14, 18, "place"))
    many = [row(f"{i} " + "Rome " * 10, *((3 + 5 * k, 7 + 5 * k, "place") for k in range(10))) for i in range(10, 22)]
    found = look(tmp_path, [outer, *many])
    assert found.task.nesting == "flat"
    assert "rarely-nested" in codes(found)


def test_repeats_leaks_and_unseen_types(tmp_path):
    test = [MANY[3], row("Bob is here in person", (0, 3, "person"))]
    found = look(tmp_path, [*MANY, MANY[0], row(MANY[1]["text"])], test=test)
    assert {"duplicates", "leak-training", "marked-differently", "unseen-type"} <= codes(found)
    assert MANY[3]["text"] not in {each.text for each in found.train}
    assert found.exit_code == 1


def test_words_marked_in_one_row_and_not_in_another(tmp_path):
    found = look(tmp_path, [row("I saw Rome", (6, 10, "place")), row("Rome is old"), row("Romeo is young")])
    told = next(finding for finding in found.findings if finding.code == "unmarked-twins")
    assert told.rows == ("train.jsonl:2",)
    assert "Rome" in told.message


def test_beside_a_very_long_entity_short_ones_are_looked_for(tmp_path):
    long = "x " * 1_500 + "end"
    rows = [row(long, (0, len(long), "note")), row("I saw Rome", (6, 10, "place")), row("y " * 3_000 + "Rome")]
    told = next(finding for finding in look(tmp_path, rows).findings if finding.code == "unmarked-twins")
    assert told.rows == ("train.jsonl:3",)


def test_what_cannot_be_learned_from_is_an_error(tmp_path):
    none = look(tmp_path, [row("a b"), row("c d")])
    assert codes(none) == {"no-entities"}
    assert none.exit_code == 2
    alone = look(tmp_path, [row("I saw Rome", (6, 10, "place"))])
    assert "one-marked-row" in codes(alone)
    assert alone.exit_code == 2
