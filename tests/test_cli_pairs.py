"""A model that was asked about pronouns, or about keywords, says how to ask it, wherever it is asked."""

from __future__ import annotations

import json

import pytest

import danlu
from danlu.errors import OptionError
from danlu.text.mention import pair_of

TEXT = "小王把书给了小李,因为他已经看完了。"
ROW = {"text": TEXT, "target": {"span1_text": "小王", "span1_index": 0, "span2_text": "他", "span2_index": 11}}


def test_a_pronoun_is_asked_about_by_three_texts(run, beside_files, tmp_path):
    file, made = beside_files["mention"], pair_of(TEXT, "他", "小王")
    code, out, err = run("predict", file, TEXT, "他", "小王", "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert (answer["text"], answer["second"]) == made
    assert run("predict", file, *made, "--json")[1] == out
    assert run("predict", file, "--json", stdin=f"{TEXT}\t他\t小王\n".encode())[1] == out
    assert run("predict", file, "--json", stdin="\t".join(made).encode())[1] == out
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    assert run("predict", file, "--file", tmp_path / "rows.jsonl", "--json")[1] == out
    model = danlu.load(file)
    assert model.predict([(TEXT, "他", "小王")]) == model.predict([made])
    assert model.predict([made])[0].label == answer["label"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "told"),
    [
        ((TEXT, "他"), "", "This model reads a text, a pronoun in it and what that may stand for, and 2 arguments are"),
        ((TEXT, "她", "小王"), "", "'她' does not stand in the text"),
        (("他说他累了", "他", "小王"), "", "'他' stands in the text 2 times. Fix: mark in the text the one"),
        ((), f"{TEXT}\t他\t小王\n{TEXT}\t他\n", "stdin, row 2: the line has 1 tabs, and this model reads a text, a"),
        ((), f"{TEXT}\t她\t小王\n", "stdin, row 1: '她' does not stand in the text"),
        (("--file", "{f}"), "", "pairs.csv, row 1: it is no question about a pronoun"),
    ],
)
def test_another_pair_is_refused(run, beside_files, tmp_path, arguments, stdin, told):
    (tmp_path / "pairs.csv").write_text(f'text_a,text_b\n"{TEXT}",他\n', encoding="utf-8")
    given = [str(part).format(f=tmp_path / "pairs.csv") for part in arguments]
    code, _, err = run("predict", beside_files["mention"], *given, stdin=stdin.encode())
    assert code == 2
    assert told in err
    assert " Fix: " in err


@pytest.mark.parametrize("pair", [(TEXT, "他"), (TEXT, "她", "小王"), (TEXT,)])
def test_python_refuses_it_too(beside_files, pair):
    with pytest.raises(OptionError, match="Fix: "):
        danlu.load(beside_files["mention"]).predict([pair])


def test_keywords_are_called_keywords(run, beside_files):
    file = beside_files["keywords"]
    code, _, err = run("predict", file, "a text")
    assert code == 2
    assert "This model reads a text and its keywords, and 1 are given. Fix: give a text and its keywords" in err
    assert "this model reads a text and its keywords" in run("predict", file, stdin=b"a text\n")[2]
    assert run("predict", file, "a text", "one, two")[0] == 0
