"""What is said of a mistake: where it is and what to do, and no more than a person reads."""

from __future__ import annotations

import json

import pytest

from danlu.errors import DataError, brief

LONG = "x" * 100_000


def test_a_mistake_in_the_data_says_file_row_field_and_fix():
    error = DataError("it is empty", "fill it", file="a.csv", row=3, field="text")
    assert str(error) == "a.csv, row 3, field 'text': it is empty. Fix: fill it."
    assert (error.what, error.fix, error.file, error.row, error.field) == ("it is empty", "fill it", "a.csv", 3, "text")
    assert str(DataError("it is empty", "fill it")) == "it is empty. Fix: fill it."


def test_what_is_long_is_cut_and_both_ends_are_said():
    error = DataError(f"the label is '{LONG}', which nobody knows", f"take one of {LONG} or so", field=LONG)
    assert len(str(error)) < 2_200
    for part in (
        f"field '{'x' * 99}…'",
        "the label is 'xxx",
        "xxx', which nobody knows. Fix: take one of xxx",
        "x or so.",
    ):
        assert part in str(error)
    assert brief("abc", 3) == "abc"
    assert brief("abcd", 3) == "ab…"


LABELS = {
    "one label": lambda number: {"label": LONG},
    "alike": lambda number: {"label": (LONG, LONG.upper(), "b")[number % 3]},
    "rare": lambda number: {"label": LONG if number == 1 else "b" if number % 2 else "c"},
    "header": lambda number: {LONG: "b"},
    "wide": lambda number: {f"column {i}": 1 for i in range(20_000)},
    "several": lambda number: {"labels": [LONG, "b"][number % 2 :]},
    "entities": lambda number: {"entities": [{"start": 0, "end": 4, "type": LONG, "text": "some"}]},
    "other words": lambda number: {"entities": [{"start": 0, "end": 4, "type": "T", "text": LONG}]},
}


@pytest.mark.parametrize("kind", LABELS)
def test_check_says_little_of_much(run, tmp_path, monkeypatch, kind):
    monkeypatch.setattr("danlu.cli._advice", lambda *_: [])  # needs an encoder
    rows = [{"text": f"some text number {number}"} | LABELS[kind](number) for number in range(9)]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    _, out, err = run("check", tmp_path)
    assert len(out + err) < 3_000
