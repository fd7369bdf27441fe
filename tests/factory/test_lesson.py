"""What students learn from and are chosen by: no text is in both, and nothing made is learned from."""

from __future__ import annotations

import json

import pytest

from danlu.factory import produce as way
from danlu.factory.produce import Options, produce

SUBJECTS = ("the parcel from the depot", "the refund for the lamp", "the password of the account", "an invoice")
ENDS = ("has not come yet, and nobody answers", "came twice, which nobody here can explain")


class Found(Exception):  # noqa: N818 - not an error
    """Ends the forge where its lesson and exam are known."""


@pytest.mark.parametrize("dev", [0, 3])
def test_few_texts_are_learned_from_as_they_are_and_chosen_by_in_passages(tiny_base_folder, tmp_path, monkeypatch, dev):
    texts = [f"{subject} number {number} {end}" for number in range(2) for subject in SUBJECTS for end in ENDS]
    rows = [json.dumps({"text": text, "label": "late" if ENDS[0] in text else "odd"}) + "\n" for text in texts]
    for role, lines in (("train", rows[dev:]), ("dev", rows[:dev])):
        if lines:
            (tmp_path / f"{role}.jsonl").write_text("".join(lines), encoding="utf-8")
    seen = {}
    ending = way.examine

    def ended(*args):
        seen["lesson"], seen["exam"] = ending(*args)
        raise Found

    monkeypatch.setattr(way, "examine", ended)
    options = Options(base=str(tiny_base_folder), minutes=0.5, max_ms=1_000.0, quiet=True)
    with pytest.raises(Found):
        produce(tmp_path, tmp_path / "a.danlu", options)
    lesson, exam = seen["lesson"], seen["exam"]
    assert not set(lesson.texts) & set(exam.texts)
    made = [text for text in exam.texts if text not in texts]
    assert set(lesson.texts) <= {*texts[dev:], "late", "odd"}  # rows, and what the labels say in words
    assert len(lesson.texts) > len(texts) / 2
    assert made
    assert len(made) + dev == len(exam.texts)
    assert all(any(part in text for text in texts) for part in made)
    assert dev < exam.sources < len(texts) / 2
