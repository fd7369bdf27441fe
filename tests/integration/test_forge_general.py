"""The whole way where the general model has a say: it votes, a student starts from it, and the file does without it."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest
from fastapi.testclient import TestClient
from tests.conftest import FILLER, LABELS, WORDS

import danlu
from danlu.adapt import likeness
from danlu.corpus.read import load
from danlu.factory import produce as producing
from danlu.serve.app import create_app
from danlu.text.question import parts

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("_two_students", "_tiny")]
ALONE = """
import json, sys
sys.modules["torch"] = sys.modules["transformers"] = None
import danlu
model = danlu.load(sys.argv[1])
print(json.dumps([[answer.label, answer.probability] for answer in model.predict(json.load(sys.stdin))]))
"""
SIZES = {"train": 24, "test": 20}


def body(kind, asked, file):
    """What a server is asked about rows: questions, pairs, or a text, its pronoun and what that may stand for."""
    if kind == "chosen":
        return {"questions": [{"question": first, "options": rest} for first, *rest in asked]}
    if kind != "pronouns":
        return {"pairs": asked}
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return {"mentions": [[row["text"], row["target"]["span2_text"], row["target"]["span1_text"]] for row in rows]}


def said(draw, topic, chinese):
    """A few words, two of them about a topic."""
    words = draw.sample(WORDS[topic][chinese], 2) + draw.choices(FILLER[chinese], k=3)
    draw.shuffle(words)
    return ("" if chinese else " ").join(words)


def same(draw, number):
    """Two texts, the same where they have one topic."""
    one, other = draw.sample(LABELS, 2)
    chinese = draw.randrange(2)
    second = said(draw, one if number % 2 else other, chinese)
    return {"sentence1": said(draw, one, chinese), "sentence2": second, "label": ["different", "same"][number % 2]}


def follows(draw, number):
    """A premise and what has its topic, another one, or none."""
    one, other = draw.sample(LABELS, 2)
    label = ("entailment", "contradiction", "neutral")[number % 3]
    chinese = draw.randrange(2)
    nothing = ("" if chinese else " ").join(draw.choices(FILLER[chinese], k=5))
    second = {"entailment": said(draw, one, chinese), "contradiction": said(draw, other, chinese)}.get(label, nothing)
    return {"premise": said(draw, one, chinese), "hypothesis": second, "label": label}


def chosen(draw, number):
    """A question whose right option has its topic."""
    chinese, options = draw.randrange(2), draw.sample(LABELS, 2 + number % 2)
    right = draw.randrange(len(options))
    asked = said(draw, options[right], chinese)
    return {"question": asked, "options": [said(draw, each, chinese) for each in options], "answer": right}


def keywords(draw, number):
    """A text and words, all of its topic or one of another, in the format of CSL."""
    one, other = draw.sample(LABELS, 2)
    chinese = draw.randrange(2)
    listed = draw.sample(WORDS[one][chinese], 3)
    if not number % 2:
        listed[draw.randrange(3)] = draw.choice(WORDS[other][chinese])
    return {"id": number, "abst": said(draw, one, chinese), "keyword": listed, "label": str(number % 2)}


def pronouns(draw, number):
    """A text with two words and a pronoun that stands for the first of them, in the format of CLUEWSC."""
    first, second = draw.sample(["包裹", "快递", "退款", "账单"], 2)
    text = f"{first}{draw.choice(FILLER[1])}{second}了{draw.choice(FILLER[1])}，我{draw.choice(FILLER[1])}它很好"
    name = (second, first)[number % 2]
    target = {"span1_text": name, "span1_index": text.index(name), "span2_text": "它", "span2_index": text.index("它")}
    return {"target": target, "text": text, "label": ["false", "true"][number % 2], "idx": number}


KINDS = {make.__name__: make for make in (same, follows, chosen, keywords, pronouns)}
VOICE = {"chosen": "likeness"}  # of questions what it says joins how near an option lies


def write(folder, make):
    """Rows of a kind, none of which stands twice."""
    draw, seen = random.Random(0), set()
    folder.mkdir()
    for role, count in SIZES.items():
        lines = []
        while len(lines) < count:
            row = make(draw, len(lines))
            key = json.dumps({name: cell for name, cell in row.items() if name not in ("id", "idx", "label")})
            if key not in seen:
                seen.add(key)
                lines.append(json.dumps(row, ensure_ascii=False) + "\n")
        (folder / f"{role}.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def seen(monkeypatch):
    """What passes between stages and is in no card: the exam's doubt, what the choice is told, what nearness is of."""
    examine, choose, encode = producing.examine, producing.choose, likeness.encode
    found = {"exam": [], "choice": [], "near": []}

    def examined(*args):
        lesson, exam = examine(*args)
        found["exam"].append(exam.doubt)
        return lesson, exam

    def chose(*args, **options):
        found["choice"].append(options.get("doubt"))
        return choose(*args, **options)

    def encoded(*args, **options):
        found["near"].append(options["said"])
        return encode(*args, **options)

    monkeypatch.setattr(producing, "examine", examined)
    monkeypatch.setattr(producing, "choose", chose)
    monkeypatch.setattr(likeness, "encode", encoded)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_it_votes_a_student_starts_from_it_and_the_file_needs_neither(kind, tmp_path, run, seen):
    data, out = write(tmp_path / "data", KINDS[kind]), tmp_path / "m.danlu"
    code, _, err = run("forge", data, "--minutes", "0.2", "--max-ms", "1000", "--out", out)
    assert code == 0, err
    model, rows = danlu.load(out), load(data).test

    voices = {form["form"] for form in model.card["forms"] if form["weight"]}
    assert VOICE.get(kind, "choice") in voices
    assert (model.card["plan"]["named"] > 0, model.card["cut"]) == (True, [])
    assert kind != "chosen" or all(said is not None for said in seen["near"])
    assert model.pairing == ("unordered" if kind == "same" else "ordered")
    assert [each["name"] for each in model.card["candidates"]] == ["ngram", "cross-2"]
    assert seen["choice"] == seen["exam"]
    assert seen["choice"][0] > 0  # few texts judge

    asked = [parts(row.text) for row in rows]
    answers = model.predict([(first, rest if model.options else rest[0]) for first, *rest in asked])
    known = [set(rest) if model.options else set(model.labels) for _, *rest in asked]
    assert all(answer.label in labels for answer, labels in zip(answers, known, strict=True))
    right = sum(answer.label == row.label for answer, row in zip(answers, rows, strict=True)) / len(rows)
    assert model.card["figures"]["student"]["accuracy"] == pytest.approx(right, abs=1e-6)
    code, told, err = run("eval", out, data / "test.jsonl", "--json")
    assert code == 0, err
    assert json.loads(told)["accuracy"] == pytest.approx(right, abs=1e-6)

    with TestClient(create_app(model)) as client:
        served = client.post("/predict", json=body(kind, asked, data / "test.jsonl")).json()["predictions"]
    given = [[answer.label, pytest.approx(answer.probability, abs=1e-5)] for answer in answers]
    assert [[each["label"], each["probability"]] for each in served] == given
    texts = json.dumps([row.text for row in rows])
    alone = subprocess.run([sys.executable, "-c", ALONE, out], input=texts, capture_output=True, text=True, check=True)
    assert json.loads(alone.stdout) == given
