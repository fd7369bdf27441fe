"""What the command line says of entities."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from danlu.cli_entities import entities_json, entities_line, measure_entities
from danlu.errors import DataError
from danlu.types import Example, Extraction, Span

TEXT = "Ann joined Acme."
ANN, ACME = Span(0, 3, "person", 0.9), Span(11, 15, "firm", 0.8)
MODEL = SimpleNamespace(
    labels=("person", "firm"),
    settings=SimpleNamespace(links=None),
    predict=lambda texts: [Extraction(text, (ANN,)) for text in texts],
)


def row(*spans, number=1):
    return Example(TEXT, None, "test.jsonl", number, spans=spans)


def test_an_answer_is_json_that_forge_reads_and_one_line_for_people():
    found = entities_json(Extraction(TEXT, (ANN, ACME)))
    assert [(each["start"], each["end"], each["type"], each["text"]) for each in found["entities"]] == [
        (0, 3, "person", "Ann"),
        (11, 15, "firm", "Acme"),
    ]
    assert entities_line(Extraction(TEXT, (ANN, ACME))) == "Ann (person 0.90); Acme (firm 0.80)\tAnn joined Acme."
    assert entities_line(Extraction("nothing", ())) == "-\tnothing"
    assert "\x1b" not in entities_line(Extraction("\x1b[2Jx", (Span(0, 5, "\x1b[31m", 0.5),)))


def test_entities_of_an_unknown_type_are_missed_and_a_missing_list_names_its_row():
    result, lines = measure_entities(MODEL, [row(ANN, ACME), row(ANN, Span(4, 10, "deed"))], "test.jsonl")
    assert (result["entities"], result["recall"], result["precision"]) == (4, 0.5, 1.0)
    assert "relations" not in result
    assert "4 entities in 2 rows" in lines[0]
    assert any("deed" in line for line in lines)
    with pytest.raises(DataError, match="entities are missing"):
        measure_entities(MODEL, [Example(TEXT, None, "test.jsonl", 7)], "test.jsonl")
