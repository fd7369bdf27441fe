"""What `danlu check` says of relations, and what stays of them."""

from __future__ import annotations

import json

import numpy as np

from danlu.corpus.read import load
from danlu.factory.extract_links import targets
from danlu.factory.inspect import inspect, render


def look(folder, train, **others):
    for role, rows in {"train": train, **others}.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{role}.jsonl").write_text(text, encoding="utf-8")
    return inspect(load(folder))


def row(text, *words, links=()):
    spans = [[text.index(word), text.index(word) + len(word), kind] for word, kind in words]
    return {"text": text, "entities": spans, **({} if links is None else {"relations": [list(each) for each in links]})}


def employed(number):
    return row(f"Ann{number} joins Acme today", (f"Ann{number}", "person"), ("Acme", "firm"), links=[(0, "works", 1)])


def codes(inspection):
    return {finding.code for finding in inspection.findings}


def test_relations_are_counted_with_what_they_lead_between(tmp_path):
    sold = row("Acme buys Bolt", ("Acme", "firm"), ("Bolt", "firm"), links=[(0, "buys", 1)])
    found = look(tmp_path, [*map(employed, range(12)), sold, row("nothing here")])
    assert found.task.relations == ("buys", "works")
    facts = found.facts["relations"]
    assert facts["works"]["train"] == 12
    assert facts["works"]["triples"] == [["person", "firm", 12]]
    assert facts["buys"]["apart"]["max"] == 6
    shown = render(found)
    assert "and of 2 relations between them" in shown
    assert "relations: 13 of 2 types in 13 rows" in shown
    assert "works: person → firm 12; half up to 7 characters apart" in shown
    assert "single-relation" in codes(found)


def test_rows_without_the_field_are_told_of(tmp_path):
    train = [*map(employed, range(12)), row("Bob here", ("Bob", "person"), links=None)]
    tested = [row("Eve joins Bolt", ("Eve", "person"), ("Bolt", "firm"), links=None)]
    tested.append(row("Bolt of Eve", ("Bolt", "firm"), ("Eve", "person"), links=[(0, "works", 1)]))
    found = look(tmp_path, train, test=tested)
    assert {"unknown-relations", "unmeasured-relations", "unseen-relation"} <= codes(found)
    assert found.train[-1].relations is None


def test_relations_that_no_window_holds_are_told_of(tmp_path):
    far = row("Ann " + "and then " * 80 + "Acme", ("Ann", "person"), ("Acme", "firm"), links=[(0, "works", 1)])
    assert "far-relations" in codes(look(tmp_path, [*map(employed, range(12)), far]))
    assert "far-relations" not in codes(look(tmp_path, [*map(employed, range(12))]))


def test_relations_follow_their_entities(tmp_path):
    padded = {"text": "in  Rome sits Acme now", "entities": [[2, 9, "city"], [14, 18, "firm"]]}
    padded["relations"] = [{"head": 1, "tail": 0, "type": "in"}]
    (found,) = look(tmp_path, [padded, employed(1)]).train[:1]
    (relation,) = found.relations or ()
    assert (relation.tail.start, relation.tail.end) == (4, 8)
    assert relation.tail in (found.spans or ())
    long = row("Ann joins Acme " + "x" * 30_000 + " Bolt", ("Ann", "p"), ("Acme", "f"), ("Bolt", "f"))
    long["relations"] = [[0, "works", 1], [0, "works", 2]]
    found = look(tmp_path, [long, employed(1)])
    assert [(each.head.start, each.tail.start) for each in found.train[0].relations or ()] == [(0, 10)]


def test_entities_that_differ_in_white_space_alone_become_one(tmp_path):
    twin = {"text": "Ann  works at Acme", "entities": [[0, 3, "P"], [0, 4, "P"], [14, 18, "O"]]}
    twin["relations"] = [[0, "is", 1], [0, "works", 2], [1, "works", 2]]
    (found,) = look(tmp_path, [twin, employed(1)]).train[:1]
    assert [(span.start, span.end) for span in found.spans or ()] == [(0, 3), (14, 18)]
    assert [(each.type, each.head.end) for each in found.relations or ()] == [("works", 3)]
    table = targets(found, ("works",))
    assert table is not None
    assert np.argwhere(table).tolist() == [[0, 1, 0]]


def test_the_same_text_with_other_relations_is_told_of(tmp_path):
    twice = [row("Ann joins Acme", ("Ann", "p"), ("Acme", "f"), links=each) for each in ([(0, "works", 1)], [])]
    assert "marked-differently" in codes(look(tmp_path, twice))
