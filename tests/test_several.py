"""A model file of several labels: what it predicts, and the verbs on it."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import danlu
from danlu.archive import save, unpack
from danlu.cli import app

TEXTS = ["my parcel box is late", "refund my money please, love it", "of the by", ""]


def test_the_labels_that_hold_are_those_above_their_thresholds(several_file):
    model = danlu.load(several_file)
    assert model.several
    shares = model.probabilities(TEXTS)
    odds = model.logits(TEXTS) / model.settings.temperature
    np.testing.assert_allclose(shares, 1 / (1 + np.exp(-odds)), atol=1e-6)
    for row, prediction in zip(shares, model.predict(TEXTS), strict=True):
        wanted = {
            label for label, share, limit in zip(model.labels, row, (0.5, 0.4, 0.6), strict=True) if share >= limit
        }
        assert {label for label, _ in prediction.labels} == wanted
        assert list(prediction.labels) == sorted(prediction.labels, key=lambda pair: -pair[1])
        assert prediction.label == model.labels[int(row.argmax())]
        assert len(prediction.top) == 3
        least = min(share if label in wanted else 1 - share for label, share in zip(model.labels, row, strict=True))
        assert prediction.abstained == (least < model.settings.abstain_below)


def test_a_model_of_single_labels_has_none(toy_files):
    assert danlu.load(toy_files["ngram"]).predict(TEXTS)[0].labels is None


def test_predict_prints_labels_and_eval_measures_them(several_file, tmp_path):
    runner = CliRunner()
    line = json.loads(runner.invoke(app, ["predict", str(several_file), TEXTS[0], "--json"]).stdout)
    assert [set(each) for each in line["labels"]] == [{"label", "probability"}] * len(line["labels"])
    assert runner.invoke(app, ["predict", str(several_file), TEXTS[0]]).exit_code == 0
    rows = [{"text": TEXTS[0], "labels": ["parcel"]}, {"text": TEXTS[1], "labels": ["praise", "refund"]}]
    file = tmp_path / "test.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"text": TEXTS[2], "labels": []}]), "utf-8")
    found = json.loads(runner.invoke(app, ["eval", str(several_file), str(file), "--json"]).stdout)
    assert found["n"] == 3
    assert {"micro_f1", "macro_f1", "exact", "interval95", "per_label"} <= found.keys()
    assert found["interval95"] == found["micro_f195"]
    assert "micro-F1" in runner.invoke(app, ["eval", str(several_file), str(file)]).stdout


def test_no_label_is_told_where_none_holds(several_file, tmp_path):
    config = {"thresholds": [0.99, 0.99, 0.01]}
    entries = unpack(several_file.read_bytes())
    for name, changed in (("none", {"thresholds": [1.0, 1.0, 1.0]}), ("least", config)):
        written = json.loads(entries["config.json"]) | changed
        save(tmp_path / f"{name}.danlu", {**entries, "config.json": json.dumps(written).encode()})
    none, least = (
        json.loads(CliRunner().invoke(app, ["predict", str(tmp_path / f"{name}.danlu"), TEXTS[0], "--json"]).stdout)
        for name in ("none", "least")
    )
    assert (none["labels"], none["label"], none["probability"]) == ([], None, None)
    assert none["top"][0]["label"] == "parcel"
    assert [each["label"] for each in least["labels"]] == [least["label"]] == ["refund"]
    assert least["probability"] == least["labels"][0]["probability"]


@pytest.mark.slow
def test_a_served_model_tells_what_predict_prints(several_file, tmp_path):
    entries = unpack(several_file.read_bytes())
    written = json.loads(entries["config.json"]) | {"thresholds": [1.0, 1.0, 1.0]}
    save(tmp_path / "none.danlu", {**entries, "config.json": json.dumps(written).encode()})
    for file in (several_file, tmp_path / "none.danlu"):
        sent = served(file, TEXTS[0])
        printed = json.loads(CliRunner().invoke(app, ["predict", str(file), TEXTS[0], "--json"]).stdout)
        del printed["text"]
        assert sent.keys() == printed.keys()
        assert (sent["label"], sent["abstained"]) == (printed["label"], printed["abstained"])
        assert [each["label"] for each in sent["labels"]] == [each["label"] for each in printed["labels"]]


def test_an_unknown_label_names_its_row(several_file, tmp_path):
    file = tmp_path / "test.jsonl"
    file.write_text(json.dumps({"text": "a", "labels": ["parcel", "nonsense"]}) + "\n", "utf-8")
    error = CliRunner().invoke(app, ["eval", str(several_file), str(file)]).exception
    assert "test.jsonl, row 1" in str(error)
    assert "'nonsense'" in str(error)


def test_an_unknown_task_is_refused(tmp_path):
    result = CliRunner().invoke(app, ["check", str(tmp_path), "--task", "many"])
    assert "--task is 'many'" in str(result.exception)


def served(file, text):
    """What a served model says of a text."""
    httpx = pytest.importorskip("httpx")
    import asyncio

    from danlu.serve.app import create_app

    application = create_app(danlu.load(file))

    async def talk():
        transport = httpx.ASGITransport(app=application)
        async with (
            application.router.lifespan_context(application),
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            return (await client.post("/predict", json={"text": text})).json()

    return asyncio.run(talk())["predictions"][0]


@pytest.mark.slow
def test_the_answers_of_a_served_model(several_file):
    assert {"labels", "label", "probability", "abstained", "top"} == served(several_file, TEXTS[0]).keys()
