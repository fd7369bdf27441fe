"""Rows with entities in, one file and a report out: repeatable, resumable, with and without a test file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import digests

import danlu
from danlu.artifact import Extractor
from danlu.factory import extract, extract_stages
from danlu.factory.produce import Options, produce, report_of
from danlu.graph import cores

pytestmark = pytest.mark.slow
LABELS = ("parcel", "praise", "refund")
EXAMPLE = Path(__file__).parents[2] / "examples" / "order-desk"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, make_marked):
    found = tmp_path_factory.mktemp("marked")
    for role, count, seed in (("train", 40, 1), ("test", 30, 2), ("unlabeled", 60, 3)):
        rows = [
            {"text": text, "entities": [{"start": s, "end": e, "type": LABELS[k]} for s, e, k in gold.tolist()]}
            for text, gold in make_marked(count, seed)
        ]
        kept = rows if role != "unlabeled" else [{"text": row["text"]} for row in rows]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept)
        (found / f"{role}.jsonl").write_text(text, encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def options(tiny_base_folder):
    return Options(base=str(tiny_base_folder), minutes=0.3, max_ms=1_000.0, quiet=True)


@pytest.fixture(scope="module")
def made(folder, options, tmp_path_factory):
    return produce(folder, tmp_path_factory.mktemp("out") / "model.danlu", options)


def test_the_file_finds_entities_and_the_card_says_how_well(made):
    card = made.card
    assert card["task"]["kind"] == "extraction"
    assert card["task"]["labels"] == list(LABELS)
    figures = card["figures"]
    assert figures["measured_on"] == "test"
    for part in ("student", "teacher", "no_loop"):
        low, high = figures[part]["interval95"]
        assert 0 <= low <= figures[part]["f1"] <= high <= 1
    model = danlu.load(made.model)
    assert isinstance(model, Extractor)
    assert model.card == json.loads(json.dumps(card))
    assert [c["shipped"] for c in card["candidates"]].count(True) == 1
    assert not list(made.model.parent.glob(".*.job"))


def test_the_report_shows_marked_texts_and_fetches_nothing(made):
    page = made.report.read_text(encoding="utf-8")
    for name in ("limits", "marked", "per_label", "data", "use", "made"):
        assert f'<section id="{name}">' in page
    assert "<mark" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_eval_and_predict_on_the_command_line(made, folder, run, tmp_path):
    code, out, _ = run("eval", made.model, folder / "test.jsonl", "--json")
    result = json.loads(out)
    assert code == 0
    assert {"f1", "precision", "recall", "interval95", "per_type", "n"} <= result.keys()
    assert result["f1"] == pytest.approx(made.card["figures"]["student"]["f1"], abs=1e-6)
    target = tmp_path / "answers.jsonl"
    assert run("predict", made.model, "--file", folder / "unlabeled.jsonl", "--out", target)[0] == 0
    answers = [json.loads(line) for line in target.read_text(encoding="utf-8").split("\n") if line]
    assert len(answers) == 60
    assert all(each["text"][e["start"] : e["end"]] == e["text"] for each in answers for e in each["entities"])
    code, out, _ = run("predict", made.model, "my parcel is late")
    assert code == 0
    assert "parcel" in out
    assert run("check", target)[0] in (0, 1)  # answers are rows that can be learned from


def test_a_run_that_was_stopped_gives_the_same_file(folder, options, made, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(extract_stages, "lesson", stop)
        with pytest.raises(KeyboardInterrupt):
            produce(folder, tmp_path / "model.danlu", options)
    with monkeypatch.context() as patched:
        patched.setattr(extract, "save", stop)  # between the report and the model
        with pytest.raises(KeyboardInterrupt):
            produce(folder, tmp_path / "model.danlu", options)
    assert report_of(tmp_path / "model.danlu").exists()
    again = produce(folder, tmp_path / "model.danlu", options)
    assert again.card["figures"] == made.card["figures"]
    assert digests(again.model) == digests(made.model) or cores() > 1


def test_without_a_test_file_the_rows_are_cross_validated(folder, options, tmp_path):
    made = produce(folder / "train.jsonl", tmp_path / "alone.danlu", options)
    figures = made.card["figures"]
    assert figures["measured_on"] == "cross-validation"
    assert figures["student"]["n"] > 20
    assert made.card["loop"] == [{"round": 0, "admitted": 0, "f1": made.card["loop"][0]["f1"], "kept": True}]


def test_three_rows_of_three_types_are_enough(options, tmp_path):
    texts = {"my parcel is late": "parcel", "today the refund was there": "refund", "please praise it": "praise"}
    rows = [
        {"text": text, "entities": [[text.index(word), text.index(word) + len(word), word]]}
        for text, word in texts.items()
    ]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    figures = produce(path, tmp_path / "three.danlu", replace(options, minutes=0.1)).card["figures"]
    assert figures["measured_on"] == "cross-validation"
    assert figures["student"]["n"] == 3


def test_the_example_runs_from_rows_to_a_file(tmp_path):
    made = produce(EXAMPLE, tmp_path / "orders.danlu", Options(minutes=0.3, max_ms=1_000.0, quiet=True))
    model = danlu.load(made.model)
    assert model.labels == ("date", "person", "place", "product", "quantity")
    text = "周五前给杭州滨江店补20箱A4复印纸，王姐收"
    (answer,) = model.predict([text])
    assert all(0 <= span.start < span.end <= len(text) for span in answer.spans)
    assert made.card["figures"]["student"]["entities"] == 474
    assert made.model.stat().st_size < 25e6
