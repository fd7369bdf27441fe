"""What students learn from and are chosen by: no text is in both, and nothing made is learned from."""

from __future__ import annotations

import json

import pytest

from danlu.factory import produce as way
from danlu.factory.produce import Options, produce

SUBJECTS = ("the parcel from the depot", "the refund for the lamp", "the password of the account", "an invoice")
ENDS = ("has not come yet, and nobody answers", "came twice, which nobody here can explain")
LONG = [f"{subject} number {number} {end}" for number in range(2) for subject in SUBJECTS for end in ENDS]


class Found(Exception):  # noqa: N818 - not an error
    """Ends the forge where its lesson and exam are known."""


@pytest.fixture
def examined(tiny_base_folder, tmp_path, monkeypatch):
    """(lesson, exam) of a forge with texts of two labels, "late" where they end so."""

    def run(**parts):
        for role, texts in parts.items():
            rows = [json.dumps({"text": text, "label": "late" if ENDS[0] in text else "odd"}) + "\n" for text in texts]
            if rows:
                (tmp_path / f"{role}.jsonl").write_text("".join(rows), encoding="utf-8")
        seen = []
        ending = way.examine

        def ended(*args):
            seen.extend(ending(*args))
            raise Found

        monkeypatch.setattr(way, "examine", ended)
        options = Options(base=str(tiny_base_folder), minutes=0.5, max_ms=1_000.0, quiet=True)
        with pytest.raises(Found):
            produce(tmp_path, tmp_path / "a.danlu", options)
        return seen

    return run


@pytest.mark.parametrize("dev", [0, 3])
def test_few_texts_are_learned_from_as_they_are_and_chosen_by_in_passages(examined, dev):
    lesson, exam = examined(train=LONG[dev:], dev=LONG[:dev])
    made = [text for text in exam.texts if text not in LONG]
    assert set(lesson.texts) <= {*LONG[dev:], "late", "odd"}  # rows, and what the labels say in words
    assert len(lesson.texts) > len(LONG) / 2
    assert not set(lesson.texts) & set(exam.texts)
    assert made
    assert len(made) + dev == len(exam.texts)
    assert all(any(part in text for text in LONG) for part in made)
    assert dev < exam.sources < len(LONG) / 2


def test_few_dev_rows_that_are_too_short_to_cut_are_few_all_the_same(examined):
    short = [f"{a} {b}" for a in ("lamp", "bike", "book", "door") for b in ("tax", "box", "key", "jam", "oil")]
    _, exam = examined(train=LONG, dev=short)
    assert sorted(exam.texts) == sorted(short)
    assert exam.sources == len(short)
    assert exam.doubt > 0
