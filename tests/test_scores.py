"""A model file of scores: what it predicts, the verbs on it, and what it is served as."""

import json

import httpx
import numpy as np
import pytest
from typer.testing import CliRunner

import danlu
from danlu.archive import save, unpack
from danlu.cli import app
from danlu.errors import ArtifactError, OptionError

PRAISE, REFUND = "love this very nice and good", "refund my money please"
TEXTS = [PRAISE, REFUND, "of the by", ""]


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def table(folder, cells, name="test.csv"):
    file = folder / name
    file.write_text("text,score\n" + "".join(f"{text},{cell}\n" for text, cell in cells), "utf-8")
    return file


def test_a_score_is_its_place_in_the_range(score_file):
    model = danlu.load(score_file)
    assert model.range == (0, 5)
    places = model.probabilities(TEXTS)
    assert places.shape == (4, 1)
    np.testing.assert_allclose(places, 1 / (1 + np.exp(-model.logits(TEXTS))), atol=1e-6)
    found = model.predict(TEXTS)
    np.testing.assert_allclose([each.score for each in found], 5 * places[:, 0], atol=1e-5)
    assert found[0].score > 4 > 1 > found[1].score
    for each in found:
        assert each.label == f"{each.score:.1f}"
        assert (each.margin, each.probability, each.abstained, each.labels) == (0.75, 0.9, False, None)
        assert each.top == ((each.label, 0.9),)


def test_a_model_of_labels_gives_no_score(toy_files):
    model = danlu.load(toy_files["ngram"])
    assert model.range is None
    assert (model.predict(TEXTS)[0].score, model.predict(TEXTS)[0].margin) == (None, None)


@pytest.mark.parametrize(
    "change",
    [
        {"range": [0.0]},
        {"range": [5.0, 0.0]},
        {"range": [0.0, "5"]},
        {"range": [0.0, 1e300]},
        {"range": 5},
        {"margin": -1.0},
        {"margin": None},
        {"margin": True},
        {"margin": 3e9},
        {"range": [], "margin": False},
        {"range": [], "margin": -0.0},
        {"range": [0.0, 5e-324]},
        {"range": []},
        {"thresholds": [0.5]},
    ],
)
def test_settings_that_danlu_does_not_write_are_refused(score_file, tmp_path, change):
    entries = unpack(score_file.read_bytes())
    entries["config.json"] = json.dumps(json.loads(entries["config.json"]) | change).encode()
    save(tmp_path / "forged.danlu", entries)
    with pytest.raises(ArtifactError, match="Fix: "):
        danlu.load(tmp_path / "forged.danlu")


def test_any_margin_of_two_scores_is_opened(score_file, tmp_path):
    entries = unpack(score_file.read_bytes())
    wide = {"range": [-1e9, 1e9], "margin": 1.9e9}
    entries["config.json"] = json.dumps(json.loads(entries["config.json"]) | wide).encode()
    save(tmp_path / "wide.danlu", entries)
    assert danlu.load(tmp_path / "wide.danlu").range == (-1e9, 1e9)


def test_predict_prints_scores_with_their_margin(score_file, tmp_path):
    line = call("predict", score_file, PRAISE).stdout
    assert line.split("\t")[0].endswith("± 0.8")
    told = json.loads(call("predict", score_file, PRAISE, "--json").stdout)
    assert told["margin"] == 0.75
    assert told["label"] == f"{told['score']:.1f}"
    file = table(tmp_path, [(PRAISE, "4.5"), (REFUND, "oops")], "texts.csv")
    out = tmp_path / "answers.jsonl"
    assert call("predict", score_file, "--file", file, "--out", out).exit_code == 0
    rows = [json.loads(row) for row in out.read_text("utf-8").splitlines()]
    assert [set(row) >= {"text", "score", "margin", "label"} for row in rows] == [True, True]


def test_eval_measures_scores_in_and_out_of_the_range(score_file, tmp_path):
    file = table(tmp_path, [(PRAISE, "4.5"), (REFUND, "0"), ("the my about", "7"), ("送到 包裹", "2.5")])
    found = json.loads(call("eval", score_file, file, "--json").stdout)
    assert found["n"] == 4
    assert {"pearson", "spearman", "mae", "rmse", "inside", "margin", "fifths"} <= found.keys()
    assert found["interval95"] == found["spearman95"]
    assert found["mae"] > 0.5
    page = call("eval", score_file, file).stdout
    assert "Spearman" in page
    assert "within ± 0.8" in page


@pytest.mark.parametrize(
    ("cell", "said"), [("good", "not a number"), ("", "the score is missing"), ("nan", "not a number")]
)
def test_what_is_no_score_names_its_row(score_file, tmp_path, cell, said):
    error = call("eval", score_file, table(tmp_path, [(PRAISE, "3"), (REFUND, cell)])).exception
    assert "test.csv, row 2" in str(error)
    assert said in str(error)


def test_labels_cannot_be_named_for_scores(tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_text("a text\n" * 3, "utf-8")
    error = call("check", "--unlabeled", texts, "--labels", "1", "2", "--task", "score").exception
    assert "leave --second and --task out" in str(error)
    assert isinstance(call("check", texts, "--task", "scores").exception, OptionError)


@pytest.mark.slow
def test_the_page_and_the_answers_of_a_served_model(score_file):
    import asyncio

    from danlu.serve.app import create_app

    served = create_app(danlu.load(score_file))

    async def talk():
        transport = httpx.ASGITransport(app=served)
        async with (
            served.router.lifespan_context(served),
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            paths = ("/", "/health", "/labels", "/openapi.json")
            answers = [await client.get(path) for path in paths]
            return *answers, await client.post("/predict", json={"texts": [PRAISE, REFUND]})

    page, health, labels, described, answer = asyncio.run(talk())
    assert "showScore" in page.text
    assert health.json() == {"status": "ok", "model": "scores", "labels": 0, "range": [0.0, 5.0]}
    assert labels.json() == {"labels": []}
    assert "margin" in json.dumps(described.json())
    first, second = answer.json()["predictions"]
    assert first["score"] > second["score"]
    assert first["margin"] == 0.75
