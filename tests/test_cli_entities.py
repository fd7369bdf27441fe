"""What the command line says of entities."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from danlu.archive import save
from danlu.cli_entities import entities_json, entities_line, measure_entities, unknown_names
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
    assert (result["unknown_types"], "unknown_relations" in result) == (["deed"], False)
    assert measure_entities(MODEL, [row(ANN), row()], "test.jsonl")[0]["unknown_types"] == []
    assert unknown_names({"unknown_types": [], "unknown_relations": ["owns"]}, "f")[0].startswith("f: the model does")
    with pytest.raises(DataError, match="entities are missing"):
        measure_entities(MODEL, [Example(TEXT, None, "test.jsonl", 7)], "test.jsonl")


def test_a_file_of_other_types_is_refused():
    with pytest.raises(DataError) as error:
        measure_entities(MODEL, [row(Span(0, 3, "PER")), row(Span(11, 15, "ORG"))], "test.jsonl")
    told = "test.jsonl: the model knows none of its types (ORG, PER). Fix: use some of person, firm, or measure another"
    assert str(error.value).startswith(told)


def test_eval_says_which_types_a_model_does_not_know(run, toy_extractor, tmp_path):
    save(tmp_path / "spans.danlu", toy_extractor)
    entities = [{"start": 0, "end": 6, "type": "parcel"}, {"start": 7, "end": 11, "type": "state"}]
    (tmp_path / "test.jsonl").write_text(json.dumps({"text": "parcel late", "entities": entities}) + "\n", "utf-8")
    code, out, err = run("eval", tmp_path / "spans.danlu", tmp_path / "test.jsonl", "--json")
    assert (code, json.loads(out)["unknown_types"]) == (0, ["state"])
    assert err.startswith("danlu: test.jsonl: the model does not know the types state; all entities of them count as")
