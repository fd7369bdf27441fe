"""The whole way of texts and names of labels, none of them labelled: with a test file, without, stopped and gone on."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.test_examples import FOLDER, INTENTS, labelled, texts

import danlu
from danlu.compress.distil import LIGHT
from danlu.errors import DataError, OptionError
from danlu.factory import produce as producing
from danlu.factory.produce import Options, produce
from danlu.factory.report_names import ENGLISH

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("_one_kind_of_light_student", "_few_students")]
OPTIONS = Options(minutes=0.05, max_ms=1_000, quiet=True)


@pytest.fixture
def _few_students(monkeypatch):
    monkeypatch.setattr("danlu.factory.plan.TOKENS_A_MS", 1e-6)
    monkeypatch.setattr("danlu.factory.lesson.SMALLEST_EXAM", 20)  # and no passages


def write_texts(path: Path, count: int) -> Path:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts("unlabeled.jsonl")[:count]), "utf-8")
    return path


def write_folder(folder: Path, count: int, *, test: int) -> Path:
    folder.mkdir()
    write_texts(folder / "unlabeled.jsonl", count)
    (folder / "labels.txt").write_text("\n".join(sorted(INTENTS)), encoding="utf-8")
    if test:
        with (folder / "test.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["text", "label"])
            writer.writeheader()
            writer.writerows(labelled("test.csv")[:test])
    return folder


def test_the_service_desk_by_its_labels_alone(tmp_path, monkeypatch):
    monkeypatch.delitem(LIGHT, "static")  # n-grams alone: the embedded base's words take seconds to export
    made = produce(write_folder(tmp_path / "desk", 130, test=60), tmp_path / "desk.danlu", OPTIONS)
    figures, data = made.card["figures"], made.card["data"]
    assert figures["measured_on"] == "test"
    assert figures["student"]["n"] == 60
    assert figures["teacher"]["accuracy"] > 0.25  # of eight labels
    low, high = figures["student"]["accuracy95"]
    assert low < figures["student"]["accuracy"] < high
    assert set(figures) == {"measured_on", "student", "teacher", "no_loop", "gold_only", "general"}
    assert figures["gold_only"] is None
    assert made.card["task"]["names_only"]
    assert (data["labelled"], data["unlabelled_read"]) == (0, 130)
    assert sum(entry["texts"] for entry in data["guessed"].values()) == 130
    assert sum(entry["share"] for entry in data["guessed"].values()) == pytest.approx(1, abs=1e-4)
    assert [entry["round"] for entry in made.card["loop"]] == [1, 2, 3]
    for part in ("forms", "loop", "candidates"):
        assert all("agreement" in entry and "accuracy" not in entry for entry in made.card[part])
    model = danlu.load(made.model)
    assert set(model.labels) == INTENTS
    page = made.report.read_text(encoding="utf-8")
    assert "No training row is labelled" in page
    assert ENGLISH["limit_agreement"] in page


@pytest.mark.usefixtures("_tiny")
def test_nothing_labelled_at_all_claims_nothing_and_repeats(tmp_path, run, monkeypatch):
    file = write_texts(tmp_path / "messages.jsonl", 120)
    names = ("my parcel is late", "refund", "praise and thanks")
    first = tmp_path / "first.danlu"
    options = ["--minutes", "0.05", "--max-ms", "1000", "--out", first]
    code, out, err = run("forge", "--unlabeled", file, *options, "--labels", *names)
    assert code == 0, err
    assert "accuracy: not measured, since no row is labelled" in out
    model = danlu.load(first)
    assert model.labels == tuple(sorted(names))
    card = model.card
    assert card["figures"] == dict.fromkeys(("student", "teacher", "no_loop", "gold_only")) | {"measured_on": "nothing"}
    assert card["more_labels"] == []
    assert 0 <= card["calibration"]["coverage"] <= 1
    assert card["calibration"]["abstain_below"] == 0.9
    page = first.with_name("first.report.html").read_text(encoding="utf-8")
    assert "not measured" in page
    assert ENGLISH["worth_lead"] in page

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    again = replace(OPTIONS, unlabeled=file, labels=names)
    with monkeypatch.context() as patch:
        patch.setattr("danlu.factory.produce.examine", stopped)
        with pytest.raises(KeyboardInterrupt):
            produce(None, tmp_path / "again.danlu", again)
    (job,) = tmp_path.glob(".again-*.job")
    assert (job / "asked.npz").exists()
    kept = (job / "asked.npz").stat().st_mtime_ns
    with monkeypatch.context() as patch:
        patch.setattr(producing, "_written", lambda *_, **__: (job / "asked.npz").stat().st_mtime_ns)
        assert produce(None, tmp_path / "again.danlu", again) == kept
    made = produce(None, tmp_path / "again.danlu", again)
    assert json.loads(json.dumps(made.card | {"name": "first"})) == card
    other = danlu.load(made.model)
    probe = ["my parcel is late", "谢谢", "refund the card"]
    assert model.predict(probe) == other.predict(probe)


def test_another_base_cannot_be_asked(tmp_path, tiny_base_folder):
    folder = write_folder(tmp_path / "desk", 120, test=0)
    with pytest.raises(OptionError, match="leave --base out"):
        produce(folder, tmp_path / "x.danlu", replace(OPTIONS, base=str(tiny_base_folder)))
    assert [path.name for path in tmp_path.iterdir()] == ["desk"]  # and no job


def test_what_cannot_be_learned_is_said_before_any_work(tmp_path):
    folder = write_folder(tmp_path / "desk", 20, test=0)
    with pytest.raises(DataError, match=r"Usable unlabelled texts: 20, .* of each label\. Fix: "):
        produce(folder, tmp_path / "x.danlu", OPTIONS)


def test_the_readme_of_the_example_shows_the_command():
    names = " ".join(sorted(INTENTS))
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"danlu forge --unlabeled examples/service-desk/unlabeled.jsonl --labels {names}" in readme
