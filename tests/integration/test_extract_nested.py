"""Entities inside others, from rows to file, server and report."""

from __future__ import annotations

import json
import random
import re

import pytest
from fastapi.testclient import TestClient
from tests.conftest import FILLER, WORDS

import danlu
from danlu.factory.produce import Options, produce
from danlu.serve.app import create_app
from danlu.train.spans import Training

pytestmark = pytest.mark.slow
LABELS = ("owned", "parcel", "refund")
MINE = ("my", "我")  # with the parcel right after it: an entity around another one


def make_rows(count, seed):
    """Texts with a parcel, somebody's or not, among words some of which are of a refund: half of them Chinese."""
    draw, rows = random.Random(seed), []
    for number in range(count):
        way, text, entities = number % 2, "", []
        parcel, mine = draw.randrange(4), draw.random() < 0.7
        for place in range(4):
            start = len(text)
            refund = draw.random() < 0.3
            if place == parcel:
                text += (MINE[way] + " " * (1 - way)) * mine
                inner = len(text)
                text += draw.choice(WORDS["parcel"][way])
                entities += [{"start": start, "end": len(text), "type": "owned"}] * mine
                entities.append({"start": inner, "end": len(text), "type": "parcel"})
            elif refund:
                text += draw.choice(WORDS["refund"][way])
                entities.append({"start": start, "end": len(text), "type": "refund"})
            else:
                text += draw.choice([word for word in FILLER[way] if word not in MINE])
            text += " " * (1 - way) * (place < 3)
        rows.append({"text": text, "entities": entities})
    return rows


def around(row):
    """The entities of a row that lie inside another, with it."""
    return [
        (inner, outer)
        for outer in row["entities"]
        for inner in row["entities"]
        if inner != outer and outer["start"] <= inner["start"] and inner["end"] <= outer["end"]
    ]


def _quick(steps, batch, *_, **__):
    """A training that moves a base of 32 dimensions."""
    return Training(steps, batch, rate=1e-3, head_rate=1e-2)


@pytest.fixture(scope="module")
def forged(tmp_path_factory, tiny_base_folder):
    """The folder of the rows, and what is made of them: as many steps as a base that knows nothing needs."""
    root = tmp_path_factory.mktemp("nested")
    for role, count, seed in (("train", 80, 1), ("dev", 40, 2), ("test", 40, 3)):
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in make_rows(count, seed)]
        (root / f"{role}.jsonl").write_text("".join(lines), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("danlu.factory.extract_plan.TRAIN_SPEED", 3_000)
        patch.setattr("danlu.factory.extract_plan.BATCH", 16)
        patch.setattr("danlu.factory.extract_stages.Training", _quick)
        options = Options(base=str(tiny_base_folder), minutes=1, max_ms=1_000.0, quiet=True)
        return root, produce(root, root / "out.danlu", options)


@pytest.fixture(scope="module")
def rows():
    """The tested rows, each with the pairs of its entities of which the first lies inside the second."""
    found = make_rows(40, 3)
    assert sum(len(around(row)) for row in found) > 20
    return [(row, around(row)) for row in found]


def both(pairs, got):
    """Whether all entities of some pairs are among those that were found."""
    return all((each["start"], each["end"], each["type"]) in got for pair in pairs for each in pair)


def test_the_file_finds_both(forged, rows, run):
    folder, made = forged
    model = danlu.load(made.model)
    assert (model.labels, model.settings.nested) == (LABELS, True)
    figures = made.card["figures"]["student"]
    assert figures["f1"] > 0.9
    answers = model.predict([row["text"] for row, _ in rows])
    found = [{(span.start, span.end, span.type) for span in answer.spans} for answer in answers]
    assert sum(both(pairs, got) for (_, pairs), got in zip(rows, found, strict=True)) > 0.9 * len(rows)
    code, told, _ = run("eval", made.model, folder / "test.jsonl", "--json")
    assert code == 0
    assert json.loads(told)["f1"] == pytest.approx(figures["f1"], abs=1e-6)
    code, told, _ = run("predict", made.model, "please 我", "my box is late", "--json")
    last = json.loads(told.strip().split("\n")[-1])
    assert code == 0
    assert [(each["text"], each["type"]) for each in last["entities"]][:2] == [("my box", "owned"), ("box", "parcel")]


def test_the_server_gives_both(forged, rows):
    with TestClient(create_app(danlu.load(forged[1].model))) as client:
        answer = client.post("/predict", json={"texts": [row["text"] for row, _ in rows]}).json()["predictions"]
    found = [{(each["start"], each["end"], each["type"]) for each in one["entities"]} for one in answer]
    assert sum(both(pairs, got) for (_, pairs), got in zip(rows, found, strict=True)) > 0.9 * len(rows)


def test_the_report_marks_one_inside_the_other(forged):
    page = forged[1].report.read_text(encoding="utf-8")
    inner = r'<mark class="t1 ">[^<>]+<sub>parcel</sub></mark>'
    assert re.search(rf'<mark class="t0 ">(my |我){inner}<sub>owned</sub></mark>', page)
