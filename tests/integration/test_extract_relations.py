"""Rows with entities and relations in, one file and a report out, and what the command line makes of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import danlu
from danlu.artifact import Extractor
from danlu.factory.produce import Options, produce

pytestmark = pytest.mark.slow
LABELS, LINKS = ("parcel", "praise", "refund"), ("before", "earns")
EXAMPLE = Path(__file__).parents[2] / "examples" / "who-works-where"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, make_marked, links_of_marked):
    found = tmp_path_factory.mktemp("linked")
    for role, count, seed in (("train", 60, 1), ("test", 30, 2), ("unlabeled", 60, 3)):
        rows = [
            {
                "text": text,
                "entities": [{"start": s, "end": e, "type": LABELS[k]} for s, e, k in gold.tolist()],
                "relations": [[h, LINKS[q], t] for h, t, q in np.argwhere(links_of_marked(gold)).tolist()],
            }
            for text, gold in make_marked(count, seed)
        ]
        for row in rows[::9]:
            del row["relations"]  # nobody looked for any there
        kept = rows if role != "unlabeled" else [{"text": row["text"]} for row in rows]
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept)
        (found / f"{role}.jsonl").write_text(lines, encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def options(tiny_base_folder):
    return Options(base=str(tiny_base_folder), minutes=0.2, max_ms=1_000.0, quiet=True)


@pytest.fixture(scope="module")
def made(folder, options, tmp_path_factory):
    return produce(folder, tmp_path_factory.mktemp("out") / "model.danlu", options)


def test_the_card_says_how_good_relations_are(made):
    card = made.card
    assert card["task"]["relations"] == list(LINKS)
    assert card["data"]["relation_rows"] < card["data"]["labelled"]
    assert sorted(map(tuple, card["data"]["triples"])) == [
        ("parcel", "before", "refund"),
        ("parcel", "earns", "praise"),
    ]
    for part in ("student", "teacher", "no_loop"):
        found = card["figures"][part]["relations"]
        low, high = found["interval95"]
        assert 0 <= low <= found["f1"] <= high <= 1
        assert found["n"] == 26  # four of thirty test rows say nothing of relations
        assert [row["relation"] for row in found["per_relation"]] == list(LINKS)
    assert {"scale", "shift", "threshold"} == card["calibration"]["links"].keys()
    model = danlu.load(made.model)
    assert isinstance(model, Extractor)
    assert model.settings.links is not None
    assert model.settings.links.labels == LINKS


def test_the_report_shows_relations_and_fetches_nothing(made):
    page = made.report.read_text(encoding="utf-8")
    for name in ("relations", "marked", "per_label", "use"):
        assert f'<section id="{name}">' in page
    assert "—before→" in page
    assert "answer.relations" in page
    assert "<script" not in page


def test_eval_predict_check_and_card_on_the_command_line(made, folder, run, tmp_path):
    code, out, _ = run("eval", made.model, folder / "test.jsonl", "--json")
    result = json.loads(out)
    assert code == 0
    wanted = made.card["figures"]["student"]
    assert result["relations"]["f1"] == pytest.approx(wanted["relations"]["f1"], abs=1e-6)
    assert result["f1"] == pytest.approx(wanted["f1"], abs=1e-6)
    code, out, _ = run("eval", made.model, folder / "test.jsonl")
    assert "relations: F1" in out
    target = tmp_path / "answers.jsonl"
    assert run("predict", made.model, "--file", folder / "unlabeled.jsonl", "--out", target)[0] == 0
    answers = [json.loads(line) for line in target.read_text(encoding="utf-8").split("\n") if line]
    for answer in answers:
        for each in answer["relations"]:
            head, tail = (answer["entities"][each[side]] for side in ("head", "tail"))
            assert answer["text"][head["start"] : head["end"]] == each["head_text"]
            assert answer["text"][tail["start"] : tail["end"]] == each["tail_text"]
    linked = [answer["text"] for answer in answers if answer["relations"]]
    code, out, _ = run("predict", made.model, *linked)
    assert code == 0
    assert out.count(" | ") == len(linked) > 0
    assert "→" in out
    code, out, _ = run("check", target)
    assert code in (0, 1)
    assert "Relations" in out
    assert json.loads(run("card", made.model)[1])["task"]["relations"] == list(LINKS)


def test_without_a_test_file_the_rows_are_cross_validated(folder, options, tmp_path):
    figures = produce(folder / "train.jsonl", tmp_path / "alone.danlu", replace(options, minutes=0.1)).card["figures"]
    assert figures["measured_on"] == "cross-validation"
    assert figures["student"]["relations"]["n"] > 30


def test_relations_that_training_rows_do_not_have_leave_a_plain_task(folder, options, tmp_path):
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text(encoding="utf-8").split("\n") if line]
    path = tmp_path / "train.jsonl"
    lines = "".join(json.dumps({**row, "relations": []}, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(lines, encoding="utf-8")
    made = produce(path, tmp_path / "plain.danlu", replace(options, minutes=0.05))
    assert "relations" not in made.card["task"]
    assert danlu.load(made.model).predict(["parcel refund"])[0].relations is None


def test_the_example_runs_from_rows_to_a_file(tmp_path):
    made = produce(EXAMPLE, tmp_path / "news.danlu", Options(minutes=0.2, max_ms=1_000.0, quiet=True))
    model = danlu.load(made.model)
    text = "林海川出任青禾食品首席财务官；Helen Marsh has left Brightwater"
    (answer,) = model.predict([text])
    assert all(0 <= span.start < span.end <= len(text) for span in answer.spans)
    assert answer.relations is not None
    figures = made.card["figures"]["student"]
    assert (figures["entities"], figures["relations"]["relations"]) == (308, 148)
    assert made.card["task"]["relations"] == ["based_in", "bought", "job_of", "left", "works_for"]
    assert made.model.stat().st_size < 25e6
