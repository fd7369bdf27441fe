"""The command line as it is called: what it prints, its exit codes, and that a mistake is one sentence."""

from __future__ import annotations

import csv
import json

import pytest

import danlu
from danlu.text.pair import sides

LABELS = ("parcel", "praise", "refund")


@pytest.fixture
def files(tmp_path, toy_rows):
    """Files to predict and to measure, good and bad."""
    texts, truth = toy_rows[1]
    rows = [[text, LABELS[k]] for text, k in zip(texts, truth, strict=True)]
    written = {
        "good.csv": [["text", "label"], *rows],
        "other-label.csv": [["text", "label"], *rows[:3], ["hello there", "weather"]],
        "no-label.csv": [["text"], *([text] for text in texts)],
        "empty-label.csv": [["text", "label"], *rows[:3], ["hello there", ""]],
        "breaks.csv": [["text", "n"], *([text, 0] for text in texts * 12), ["a", "b", "c"]],
    }
    for name, lines in written.items():
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(lines)
    (tmp_path / "texts.odd").write_text("hello", encoding="utf-8")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "damaged.danlu").write_bytes(b"PK\x03\x04 and so on")
    (tmp_path / "taken.jsonl").write_text("mine", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "half.jsonl").write_text('{"text": "half \\ud83d a pair 退款"}\n', encoding="utf-8")
    return tmp_path


MISTAKES = [
    "predict {f}/missing.danlu hello",
    "predict {f}/folder hello",
    "predict {f}/damaged.danlu hello",
    "predict {m} hello --file {f}/good.csv",
    "predict {m} --file {f}/missing.csv",
    "predict {m} --file {f}/folder",
    "predict {m} --file {f}/texts.odd",
    "predict {m} --file {f}/empty.txt",
    "predict {m} --file {f}/good.csv --text body",
    "predict {m} hello --out {f}/taken.jsonl",
    "predict {m} hello --out {f}/folder",
    "predict {m} hello --out {f}/folder --force",
    "predict {m} hello --out {f}/nowhere/out.jsonl",
    "predict {m} hello --out {f}/taken.jsonl/out.jsonl",
    "predict {m} hello --out {f}/{long}",
    "predict {m} --file {f}/{long}",
    "predict {long} hello",  # the model's name was forgotten
    "eval {f}/missing.danlu {f}/good.csv",
    "eval {m} {f}/missing.csv",
    "eval {m} {f}/other-label.csv",
    "eval {m} {f}/empty-label.csv",
    "eval {m} {f}/no-label.csv",
    "eval {m} {f}/good.csv --label kind",
    "card {f}/missing.danlu",
    "card {f}/damaged.danlu",
    "serve {f}/missing.danlu",
    "serve {f}/damaged.danlu --port 0",
    "serve {m} --host a..b",
]


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_one_sentence_and_exit_code_2(run, files, toy_files, line):
    before = sorted(path.name for path in files.iterdir())
    code, out, err = run(*line.format(f=files, m=toy_files["ngram"], long="x" * 300).split())
    assert (code, out) == (2, "")
    assert err.startswith("danlu: ")
    assert " Fix: " in err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert sorted(path.name for path in files.iterdir()) == before
    assert (files / "taken.jsonl").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "line", ["predict", "predict m x --what", "eval m", "card", "serve m --port 70000", "smelt", "card a b"]
)
def test_a_misuse_is_explained_with_exit_code_2(run, line):
    code, out, err = run(*line.split())
    assert (code, out) == (2, "")
    assert "Usage: " in err
    assert "Traceback" not in err


@pytest.mark.parametrize("name", ["ngram", "both"])
def test_texts_are_predicted_wherever_they_come_from(run, files, toy_files, toy_rows, name):
    texts = toy_rows[1][0]
    model = toy_files[name]
    code, out, err = run("predict", model, *texts, "--json")
    assert (code, err) == (0, "")
    answers = [json.loads(line) for line in out.splitlines()]
    for answer, text, found in zip(answers, texts, danlu.load(model).predict(texts), strict=True):
        assert (answer["text"], answer["label"], answer["abstained"]) == (text, found.label, found.abstained)
        assert answer["probability"] == pytest.approx(found.probability, abs=1e-6)
        assert [row["label"] for row in answer["top"]] == [label for label, _ in found.top]
    assert run("predict", model, "--file", files / "good.csv", "--json")[1] == out
    assert run("predict", model, "--json", stdin="\n".join(texts).encode())[1] == out
    assert run("predict", model, "-", "--json", stdin="\n".join(texts).encode())[1] == out
    assert run("predict", model, *texts, "--out", files / "out.jsonl")[:2] == (0, "")
    assert (files / "out.jsonl").read_text(encoding="utf-8") == out


def test_a_line_for_people_has_label_probability_and_text(run, toy_files):
    _, out, _ = run("predict", toy_files["ngram"], "refund my\nmoney card", "zzz")
    first, second = out.splitlines()
    label, probability, text = first.split("\t")
    assert (label, text) == ("refund", "refund my money card")
    assert 0.5 < float(probability) <= 1
    assert second.endswith("zzz  (unsure)")
    assert run("predict", toy_files["ngram"]) == (0, "", "")


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_out_is_written_whole_or_not_at_all(run, files, toy_files, force):
    out = files / ("taken.jsonl" if force else "new.jsonl")
    before = sorted(path.name for path in files.iterdir())
    code, _, err = run("predict", toy_files["ngram"], "--file", files / "breaks.csv", "--out", out, *force)
    assert code == 2
    assert "row 721" in err  # more than a block has been predicted by then
    assert sorted(path.name for path in files.iterdir()) == before
    assert run("predict", toy_files["ngram"], "--file", files / "good.csv", "--out", out, *force)[0] == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == 60
    assert sorted(path.name for path in files.iterdir()) == sorted({*before, out.name})


@pytest.mark.parametrize("name", ["ngram", "both"])
def test_half_a_surrogate_pair_is_no_obstacle(run, files, toy_files, name):
    _, out, _ = run("predict", toy_files[name], "--file", files / "half.jsonl", "--json")
    assert json.loads(out)["text"] == "half \ufffd a pair 退款"  # that is how files are read
    odd = "parcel \udcff"  # an argument that is no UTF-8, as Python passes it on
    code, out, _ = run("predict", toy_files[name], odd, "--json")
    assert (code, json.loads(out)["text"]) == (0, odd)
    assert run("predict", toy_files[name], odd)[0] == 0
    assert run("predict", toy_files[name], odd, "--out", files / "out.jsonl")[0] == 0
    assert json.loads((files / "out.jsonl").read_text(encoding="utf-8")) == json.loads(out)


def test_standard_input_that_is_no_text_is_a_mistake(run, toy_files):
    code, _, err = run("predict", toy_files["ngram"], stdin=b"fine\n\xff\xfe\x00\n")
    assert code == 2
    assert err.startswith("danlu: ")
    assert "Traceback" not in err


def test_eval_measures(run, files, toy_files):
    code, out, _ = run("eval", toy_files["both"], files / "good.csv", "--json")
    figures = json.loads(out)
    assert (code, figures["n"]) == (0, 60)
    assert figures["accuracy"] > 0.8
    assert figures["interval95"] == figures["accuracy95"]
    code, out, _ = run("eval", toy_files["both"], files / "good.csv")
    assert code == 0
    assert out.startswith(f"accuracy {figures['accuracy']:.1%} (95% interval ")
    assert all(f"  {label} " in out for label in LABELS)


def test_the_card_is_json(run, toy_files):
    code, out, _ = run("card", toy_files["ngram"])
    assert (code, json.loads(out)) == (0, danlu.load(toy_files["ngram"]).card)


def test_pairs_are_predicted_wherever_they_come_from(run, tmp_path, pair_file, pair_rows):
    pairs = [sides(text) for text in pair_rows[1][0]]
    with (tmp_path / "pairs.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("sentence1", "sentence2"), *pairs])
    code, out, err = run("predict", pair_file, *(side for pair in pairs for side in pair), "--json")
    assert (code, err) == (0, "")
    answers = [json.loads(line) for line in out.splitlines()]
    assert [(answer["text"], answer["second"]) for answer in answers] == pairs
    assert [answer["label"] for answer in answers] == [p.label for p in danlu.load(pair_file).predict(pairs)]
    assert run("predict", pair_file, "--file", tmp_path / "pairs.csv", "--json")[1] == out
    assert run("predict", pair_file, "--json", stdin="\n".join(map("\t".join, pairs)).encode())[1] == out
    assert run("predict", pair_file, "a b", "c")[1].endswith("a b | c\n")


def test_eval_measures_pairs(run, tmp_path, pair_file, pair_rows):
    texts, truth = pair_rows[1]
    rows = [(*sides(text), ("other", "same")[k]) for text, k in zip(texts, truth, strict=True)]
    with (tmp_path / "test.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("one", "two", "label"), *rows])
    code, out, _ = run("eval", pair_file, tmp_path / "test.csv", "--text", "one", "--second", "two", "--json")
    figures = json.loads(out)
    assert (code, figures["n"]) == (0, 80)
    found = danlu.load(pair_file).probabilities(texts).argmax(1)
    assert figures["accuracy"] == pytest.approx((found == truth).mean())


def test_rows_without_text_are_left_out_of_the_figures_and_counted(run, tmp_path, pair_file, toy_files):
    (tmp_path / "pairs.csv").write_text("question1,question2,label\na,b,same\nc,,other\n,\u200b,same\n", "utf-8")
    code, out, err = run("eval", pair_file, tmp_path / "pairs.csv", "--json")
    assert (code, json.loads(out)["n"], json.loads(out)["empty"]) == (0, 1, 2)
    assert err == "danlu: pairs.csv: rows in which a text is empty are left out, 2 of 3 (row 2, 3).\n"
    (tmp_path / "texts.csv").write_text("text,label\nmy parcel,parcel\n ,parcel\n", encoding="utf-8")
    assert json.loads(run("eval", toy_files["ngram"], tmp_path / "texts.csv", "--json")[1])["n"] == 1
    (tmp_path / "none.csv").write_text("text_a,text_b,label\na,,same\nb,,same\n", encoding="utf-8")
    code, _, err = run("eval", pair_file, tmp_path / "none.csv", "--text", "text_a", "--second", "text_b")
    assert code == 2
    assert "none.csv: in every row a text is empty. Fix: fill them in" in err


@pytest.mark.parametrize(
    ("arguments", "stdin", "told"),
    [
        (("a", ""), "", "Text 2 is empty. Fix: write at least one character that is not a space."),
        ((), "a\tb\na\t \n", "stdin, row 2: text 2 of the pair is empty. Fix: write it, or delete the line."),
        (("--file", "{f}"), "", "pairs.csv, row 2: a text of the pair is empty"),
    ],
)
def test_an_empty_side_is_refused(run, tmp_path, pair_file, arguments, stdin, told):
    (tmp_path / "pairs.csv").write_text("text_a,text_b\na,b\n,b\n", encoding="utf-8")
    given = [part.format(f=tmp_path / "pairs.csv") for part in arguments]
    code, _, err = run("predict", pair_file, *given, stdin=stdin.encode())
    assert code == 2
    assert told in err


@pytest.mark.parametrize(
    ("file", "row", "told"),
    [
        ("toy", {"text": "a", "label": ["parcel", "refund"]}, "there are 2 labels, and each text of this task has one"),
        ("score", {"text": "a", "label": "good"}, "write a number such as 3.5, or delete the row"),
        (
            "questions",
            {"question": "q", "options": ["a", "b"], "answer": 5},
            "Fix: write one from 1 to 2, as the other rows do.",
        ),
        ("several", {"text_a": "a", "text_b": "b", "labels": ["parcel"]}, "name the column of the text with --text."),
    ],
)
def test_a_fix_of_eval_can_be_followed(
    run, tmp_path, toy_files, score_file, question_file, several_file, file, row, told
):
    model = {"toy": toy_files["ngram"], "score": score_file, "questions": question_file, "several": several_file}[file]
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    code, _, err = run("eval", model, tmp_path / "rows.jsonl")
    assert code == 2
    assert told in err
    assert "--task" not in err


def test_an_empty_text_is_refused(run, toy_files):
    assert "Text 1 is empty. Fix: " in run("predict", toy_files["ngram"], " ")[2]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("predict {p} hello", "1 are given"),
        ("predict {p} --file {f}/good.csv", "good.csv, row 1: it is one text"),
        ("predict {p} --file {f}/good.csv --second body", "no column 'body'"),
        ("eval {p} {f}/good.csv", "this model compares two"),
        ("predict {m} --file {f}/pairs.csv", "pairs.csv, row 1: it is a pair of texts"),
        ("predict {m} hello --second body", "--second names a column"),
    ],
)
def test_a_mistake_with_pairs_is_one_sentence(run, files, toy_files, pair_file, line, told):
    (files / "pairs.csv").write_text("text_a,text_b\na,b\n", encoding="utf-8")
    code, out, err = run(*line.format(f=files, m=toy_files["ngram"], p=pair_file).split())
    assert (code, out) == (2, "")
    assert told in err
    assert " Fix: " in err


@pytest.mark.parametrize(("line", "tabs"), [("only one", 0), ("a\tb\tsame", 2)])
def test_a_line_is_a_pair_if_it_has_one_tab(run, pair_file, line, tabs):
    code, _, err = run("predict", pair_file, stdin=f"one\ttwo\n{line}\n".encode())
    assert code == 2
    assert f"stdin, row 2: the line has {tabs} tabs" in err


def test_a_single_text_with_a_mark_in_it_is_printed_as_it_is(run, toy_files):
    assert json.loads(run("predict", toy_files["ngram"], "a\x1eb", "--json")[1])["text"] == "a\x1eb"
    assert "second" not in run("predict", toy_files["ngram"], "--json", stdin=b"a\x1fb\n")[1]


def test_check_of_names_alone(run, tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_text("".join(f"message number {number} about things\n" for number in range(250)), encoding="utf-8")
    code, out, _ = run("check", "--unlabeled", texts, "--labels", "a good review", "a bad review")
    assert code == 1
    assert "classification into 2 labels, known by their names alone" in out
    assert "nothing-labelled" in out
    code, out, _ = run("check", "--labels", "A", "B", "--unlabeled", texts, "--json")
    found = json.loads(out)
    assert (code, found["exit_code"]) == (2, 2)
    assert "name-says-nothing" in {finding["code"] for finding in found["findings"]}
    code, _, err = run("check", "--unlabeled", texts)
    assert code == 2
    assert "Fix: give DATA, or texts and names" in err
    for verb in ("check", "forge"):
        code, out, err = run(verb, tmp_path, "--labels")
        assert (code, out) == (2, "")
        assert "There is no label after --labels. Fix: " in err
    assert run("forge")[0] == 2
