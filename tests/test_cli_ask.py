"""The verb `ask`, as a user calls it."""

from __future__ import annotations

import json

import pytest

from danlu.factory import ask as asking
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x", "--labels", "a"], "1 label"),
        (["x", "--labels"], "no label after --labels"),
        (["x"], "no label"),
        (["x", "--labels", "--json"], "no label after --labels"),
        (["x", "--labels", "a", "a"], "given twice"),
        ([" ", "--labels", "a", "b"], "Text 1 is empty"),
        (["--labels", "a", "b"], "Give texts or --file"),
        (["x", "--file", "f.csv", "--labels", "a", "b"], "Give texts or --file"),
        (["x", "y", "--second", "z", "--labels", "a", "b"], "--second makes a pair"),
    ],
)
def test_mistakes(run, arguments, message):
    code, _, err = run("ask", *arguments)
    assert code == 2
    assert message in err
    assert "Fix:" in err
