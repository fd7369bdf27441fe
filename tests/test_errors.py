"""What is said of a mistake: where it is and what to do, and no more than a person reads."""

from __future__ import annotations

import json

import pytest

from danlu.errors import DataError, brief, listing, quote, visible

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
        f"field '{'x' * 79}…'",
        "the label is 'xxx",
        "xxx', which nobody knows. Fix: take one of xxx",
        "x or so.",
    ):
        assert part in str(error)
    assert brief("abc", 3) == "abc"
    assert brief("abcd", 3) == "ab…"
    assert brief("x" * 60) == "x" * 60
    assert brief("x" * 61) == "x" * 59 + "…"


def test_what_nobody_sees_is_written_out_and_not_cut_through():
    assert visible("一行 text") == "一行 text"
    assert visible("退款　👨‍👩‍👧") == "退款　👨‍👩‍👧"
    assert visible("a\r\nb\x1b\u202ec\ud800") == r"a\r\nb\x1b\u202ec\ud800"
    assert brief("a\nb", 4) == r"a\nb"
    assert brief("a\nbc", 4) == r"a\n…"
    assert brief("ab\n", 3) == "ab…"
    assert brief("\x1b" * 100, 10) == r"\x1b\x1b…"


def test_values_that_are_no_strings_are_quoted_as_python_writes_them():
    assert [quote(value) for value in ("a", 7, None, [1])] == ["'a'", "7", "None", "[1]"]
    assert len(quote([{"a": LONG, "b": [LONG] * 1_000}] * 1_000)) <= 60


def test_of_many_names_ten_are_said_and_how_many_more_there_are():
    assert listing(["a", "b"]) == "a, b"
    assert listing([]) == "none"
    assert listing([str(number) for number in range(10)]).endswith("8, 9")
    assert listing([str(number) for number in range(2_000)]).endswith("8, 9 and 1,990 more")


def test_a_mistake_is_one_line_whatever_the_names_hold():
    said = str(DataError("the label is 'a\nb'", "write\rone", file="a\n.csv", row=1, field="x\x1by"))
    assert said == r"a\n.csv, row 1, field 'x\x1by': the label is 'a\nb'. Fix: write\rone."


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
    assert "x" * 80 not in out + err


MISTAKES = {
    "no such column": ("a.csv", f"{LONG},label\na,b\n", ["--text", "y" + LONG]),
    "no label": ("a.csv", "".join(f"{LONG}{number}," for number in range(30)) + "text\n" + "a," * 30 + "b\n", []),
    "header twice": ("a.csv", f"{LONG},{LONG}\na,b\n", []),
    "flag": ("a.csv", f"text,a,b\ni,0,1\nj,1,{LONG}\n", ["--task", "several"]),
    "score": ("a.csv", "text,score\n" + "i,1.5\n" * 20 + f"j,{LONG}\n", []),
    "score with commas": ("a.csv", "text,score\n" + "i,1.5\n" * 20 + f'j,"{"1" + ",111" * 100_000}"\n', []),
    "answer": ("a.csv", f"question,A,B,C,answer\ni,j,k,l,A\ni,j,k,l,{LONG}\n", []),
    "option twice": ("a.csv", f"question,A,B,C,answer\ni,{'x' * 1_999},{'x' * 1_999},l,A\n", []),
    "tag": ("a.jsonl", json.dumps({"tokens": ["a"], "ner_tags": [LONG]}), []),
    "offsets": ("a.jsonl", json.dumps({"text": "a", "entities": [{"start": LONG, "end": [LONG], "type": "T"}]}), []),
    "ends": (
        "a.jsonl",
        json.dumps(
            {
                "text": "ab",
                "entities": [{"start": 0, "end": 1, "type": "T", "id": LONG}],
                "relations": [{"head": LONG + "y", "tail": LONG, "type": "R"}],
            }
        ),
        [],
    ),
    "words": ("a.jsonl", json.dumps({"text": "ab", "spo_list": [[LONG, "R", "b"]]}), ["--label", "spo_list"]),
    "no head": (
        "a.jsonl",
        json.dumps({"text": "ab", "entities": [{"start": 0, "end": 1, "type": "T"}], "relations": [{LONG: 1}]}),
        [],
    ),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_among_much_is_one_short_line(run, tmp_path, kind):
    name, content, options = MISTAKES[kind]
    (tmp_path / name).write_text(content, encoding="utf-8")
    code, out, err = run("check", tmp_path / name, *options)
    assert (code, out) == (2, "")
    assert err.startswith("danlu: ")
    assert err.count("\n") == 1
    assert len(err) < 1_000
    assert "x" * 80 not in err
    assert "1,111" * 20 not in err


def test_a_line_end_in_a_label_or_a_header_is_seen(run, tmp_path, monkeypatch):
    monkeypatch.setattr("danlu.cli._advice", lambda *_: [])  # needs an encoder
    rows = "".join(f"text {number},a\n" for number in range(8)) + 'text 9,"b\nc"\n'
    (tmp_path / "a.csv").write_text(f'text,"la\nbel"\n{rows}', encoding="utf-8")
    _, out, _ = run("check", tmp_path / "a.csv", "--label", "la\nbel")
    assert r"('b\nc'); add at least one more" in out
    (tmp_path / "b.csv").write_text('"te\nxt","te\nxt"\na,b\n', encoding="utf-8")
    assert r"field 'te\nxt': two columns" in run("check", tmp_path / "b.csv")[2]
