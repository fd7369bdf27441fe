"""Questions with options on the command line, wherever they come from; mistakes are one sentence."""

from __future__ import annotations

import json

import pytest

import danlu
from danlu.archive import save
from danlu.text.question import parts


@pytest.fixture
def questions(tmp_path, question_rows):
    texts, truth = question_rows[1]
    rows = [
        {"question": parts(text)[0], "options": list(parts(text)[1:]), "answer": int(place)}
        for text, place in zip(texts, truth, strict=True)
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path, rows


def test_questions_are_answered_wherever_they_come_from(run, questions, question_file):
    path, rows = questions
    code, out, err = run("predict", question_file, "--file", path, "--json")
    answers = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [(a["text"], a["options"]) for a in answers] == [(r["question"], r["options"]) for r in rows]
    expected = danlu.load(question_file).predict([(row["question"], row["options"]) for row in rows])
    assert [answer["label"] for answer in answers] == [answer.label for answer in expected]
    lines = "\n".join("\t".join([row["question"], *row["options"]]) for row in rows)
    assert run("predict", question_file, "--json", stdin=lines.encode())[1] == out
    one = rows[0]
    assert run("predict", question_file, one["question"], *one["options"], "--json")[1] == out.split("\n", 1)[0] + "\n"
    assert " | ".join(one["options"][:2]) in run("predict", question_file, one["question"], *one["options"])[1]


def test_eval_measures_questions(run, questions, question_file):
    path, rows = questions
    code, out, _ = run("eval", question_file, path, "--json")
    found = json.loads(out)
    answers = danlu.load(question_file).predict([(row["question"], row["options"]) for row in rows])
    right = [a.label == row["options"][row["answer"]] for a, row in zip(answers, rows, strict=True)]
    assert code == 0
    assert found["n"] == len(rows)
    assert found["accuracy"] == pytest.approx(sum(right) / len(right))
    assert found["interval95"] == found["accuracy95"]
    assert 0 <= found["ece"] <= 1
    assert found["chance"] == pytest.approx(sum(1 / len(row["options"]) for row in rows) / len(rows), abs=1e-6)
    assert f"{found['n']} questions" in run("eval", question_file, path)[1]


@pytest.fixture
def without_the_last(tmp_path, questions, question_entries):
    """Questions whose answers count from 1, none the last option's; and a model file whose answers counted so."""
    rows = [{**row, "answer": row["answer"] + 1} for row in questions[1] if 0 < row["answer"] + 1 < len(row["options"])]
    path = tmp_path / "open.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    config = json.loads(question_entries["config.json"]) | {"answers": "from 1"}
    save(tmp_path / "from1.danlu", {**question_entries, "config.json": json.dumps(config).encode()})
    return path, rows, tmp_path / "from1.danlu"


def test_eval_reads_answers_as_the_model_learned_them(run, without_the_last):
    path, rows, file = without_the_last
    answers = danlu.load(file).predict([(row["question"], row["options"]) for row in rows])
    right = [a.label == row["options"][row["answer"] - 1] for a, row in zip(answers, rows, strict=True)]
    code, out, err = run("eval", file, path, "--json")
    found = json.loads(out)
    assert (code, err, found["answers"]) == (0, "", "from 1")
    assert found["accuracy"] == pytest.approx(sum(right) / len(right))
    assert "the answer being a number that counts from 1" in run("eval", file, path)[1]


def test_eval_says_where_numbers_count_from_is_a_guess(run, without_the_last, question_file):
    path, *_ = without_the_last
    code, out, err = run("eval", question_file, path, "--json")
    assert (code, json.loads(out)["answers"]) == (0, "from 0")
    assert "open.jsonl, field 'answer': no answer is 0 or the number of its question's options" in err
    assert "Fix: write the letter" in err


def test_what_a_file_says_of_its_answers_counts_more(run, questions, without_the_last):
    _, out, err = run("eval", without_the_last[2], questions[0], "--json")
    assert (json.loads(out)["answers"], err) == ("from 0", "")


def test_check_says_how_rows_were_read(run, questions):
    code, out, _ = run("check", questions[0], "--json")
    facts = json.loads(out)["facts"]
    assert code in (0, 1)
    assert facts["task"] == "choice"
    assert "the answer is the column 'answer': a number that counts from 0" in facts["evidence"]
    assert "choice among 2 to 4 options" in run("check", questions[0])[1]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("predict {q} one two", "chooses among a question's options, and 1 are given"),
        ("predict {q} --file {f}/texts.csv", "texts.csv, row 1: it has no options"),
        ("predict {m} --file {f}/questions.jsonl", "row 1: it is a question with options, and this model reads texts"),
        ("eval {q} {f}/open.jsonl", "open.jsonl, row 1: the answer is missing"),
    ],
)
def test_a_mistake_is_one_sentence(run, questions, question_file, toy_files, tmp_path, line, told):
    (tmp_path / "texts.csv").write_text("text,label\na,b\n", encoding="utf-8")
    rows = [{"question": "q", "options": ["a", "b"], "answer": answer} for answer in (None, "a")]
    (tmp_path / "open.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    code, out, err = run(*line.format(f=tmp_path, q=question_file, m=toy_files["ngram"]).split())
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("q", "a", ""), "option 2 is empty. Fix: write it, or leave it out."),
        ((" ", "a", "b"), "the question is empty. Fix: write it before its options."),
        (("q", "a", "a "), "the option 'a' stands twice. Fix: leave one of the two out."),
    ],
)
def test_an_empty_option_is_called_what_it_is(run, question_file, given, told):
    code, _, err = run("predict", question_file, *given)
    assert (code, err) == (2, f"danlu: {told[0].upper()}{told[1:]}\n")
    code, _, err = run("predict", question_file, stdin=("q\tx\ty\n" + "\t".join(given)).encode())
    assert (code, err) == (2, f"danlu: stdin, row 2: {told}\n")


def test_an_empty_question_in_a_file_is_named(run, question_file, tmp_path):
    rows = [{"question": question, "options": ["a", "b"]} for question in ("q", "")]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert "q.jsonl, row 2: the question is empty" in run("predict", question_file, "--file", tmp_path / "q.jsonl")[2]


def test_a_line_needs_a_tab_before_each_option(run, question_file):
    code, _, err = run("predict", question_file, stdin=b"q\ta\tb\nq\ta\n")
    assert code == 2
    assert "stdin, row 2: the line has 1 tabs" in err
