"""The verb `ask`, as a user calls it."""

from __future__ import annotations

import json

import pytest

from danlu.extractor import Extraction, Span
from danlu.factory import ask as asking
from danlu.factory import ask_types
from danlu.models.choice import ChoiceModel


@pytest.fixture(autouse=True)
def _tiny(monkeypatch, tiny_base):
    model = ChoiceModel(tiny_base.model, (10, 11)).eval()
    monkeypatch.setattr(asking, "_opened", lambda: (tiny_base, model))


def test_labels_are_read_up_to_the_next_option(run):
    code, out, err = run("ask", "the box is late", "good", "--labels", "parcel", "refund", "praise", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert [answer["text"] for answer in found["answers"]] == ["the box is late", "good"]
    assert set(found["answers"][0]["probabilities"]) == {"parcel", "refund", "praise"}
    assert "learned from examples" in found["note"]


def test_for_people(run):
    labels = ["parcel", "refund", "praise", "card", "money", "ship", "box"]
    code, out, _ = run("ask", "the box is late", "--question", "about this", "--labels", *labels)
    assert code == 0
    assert out.startswith("the box is late\n")
    assert "and 2 more" in out
    assert "Nothing was learned from examples" in out


def test_a_pair(run):
    code, out, _ = run("ask", "my card", "--second", "the card", "--labels", "yes", "no", "--json")
    assert code == 0
    assert json.loads(out)["answers"][0]["second"] == "the card"


def test_a_file(run, tmp_path):
    path = tmp_path / "texts.csv"
    path.write_text("text\nmy card\nthe box\n", encoding="utf-8")
    code, out, _ = run("ask", "--labels", "yes", "no", "--file", path, "--json")
    assert code == 0
    assert [answer["text"] for answer in json.loads(out)["answers"]] == ["my card", "the box"]


def test_a_pair_without_an_order_is_the_same_both_ways(run):
    answers = [
        json.loads(run("ask", first, "--second", second, "--unordered", "--labels", "yes", "no", "--json")[1])[
            "answers"
        ][0]
        for first, second in (("my card", "the box"), ("the box", "my card"))
    ]
    assert (answers[0]["text"], answers[0]["second"]) == ("my card", "the box")
    assert (answers[1]["text"], answers[1]["second"]) == ("the box", "my card")
    assert answers[0]["probabilities"] == pytest.approx(answers[1]["probabilities"], abs=1e-5)


def test_types_to_look_for(run, monkeypatch):
    def find(texts, types, progress):
        progress(len(texts))
        return [Extraction(text, (Span(0, 2, types[0], 0.9),)) for text in texts]

    monkeypatch.setattr(ask_types, "find", find)
    code, out, err = run("ask", "小王在北京", "--types", "人名", "地名", "--json")
    assert code == 0, err
    (answer,) = json.loads(out)["answers"]
    assert answer["entities"][0]["text"] == "小王"
    assert answer["entities"][0]["type"] == "人名"
    code, out, _ = run("ask", "小王在北京", "--types", "人名")
    assert code == 0
    assert "小王" in out
    assert "Nothing was learned from examples" in out


def test_types_are_not_looked_for_in_pairs(run, tmp_path):
    (tmp_path / "pairs.csv").write_text("text_a,text_b\nmy card,the box\n", encoding="utf-8")
    code, _, err = run("ask", "--types", "place", "--file", tmp_path / "pairs.csv")
    assert code == 2
    assert "pairs.csv" in err
    assert "pair of texts" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x", "--labels", "a"], "1 label"),
        (["x", "--labels"], "no label after --labels"),
        (["x"], "nothing to ask for"),
        (["x", "--labels", "--json"], "no label after --labels"),
        (["x", "--labels", "a", "a"], "given twice"),
        ([" ", "--labels", "a", "b"], "Text 1 is empty"),
        (["--labels", "a", "b"], "Give texts or --file"),
        (["x", "--file", "f.csv", "--labels", "a", "b"], "Give texts or --file"),
        (["x", "y", "--second", "z", "--labels", "a", "b"], "--second makes a pair"),
        (["x", "--unordered", "--labels", "a", "b"], "--unordered is for pairs"),
        (["x", "--types"], "no type after --types"),
        (["x", "--types", "a", "a"], "given twice"),
        (["x", "--types", "a", "--labels", "b", "c"], "leave --labels"),
        (["x", "--types", "a", "--second", "y"], "leave --labels"),
        (["x", "--types", "a", "--unordered"], "leave --labels"),
    ],
)
def test_mistakes(run, arguments, message):
    code, _, err = run("ask", *arguments)
    assert code == 2
    assert message in err
    assert "Fix:" in err
