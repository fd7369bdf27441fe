"""What is said of scored rows before anything is trained."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.corpus.read import load
from danlu.factory.inspect import inspect, render
from danlu.factory.score_facts import check_scores, histogram
from danlu.types import Example


def rows_of(scores, file="train.csv"):
    return [Example(f"text number {i}", f"{score:g}", file, i + 1) for i, score in enumerate(scores)]


def codes(found, level):
    return [each.code for each in found if each.level == level]


def write(folder, scores, file="train.csv", same=0):
    words = ["apple", "river", "stone", "cloud", "paper", "green", "seven"]
    text = [f"{words[i % 7]} {words[i // 7 % 7]} {i}" for i in range(len(scores))]
    for i in range(same):
        text[i] = "one text"
    lines = [f"{each} of {file},{score}" for each, score in zip(text, scores, strict=True)]
    (folder / file).write_text("text,score\n" + "\n".join(lines) + "\n", "utf-8")


@pytest.mark.parametrize(
    ("scores", "code"),
    [([1.5, 2], "too-few-rows"), ([2.5] * 9, "one-score")],
)
def test_what_cannot_be_learned_is_an_error(scores, code):
    assert [each.code for each in check_scores(rows_of(scores), [], {}, named=False)] == [code]


def test_what_will_be_learned_badly_is_a_warning():
    assert codes(check_scores(rows_of([0.5, 1, 2, 3, 4]), [], {}, named=False), "warning") == ["few-scored-rows"]
    assert codes(check_scores(rows_of([0.5, 1] * 40), [], {}, named=True), "warning") == ["few-scores"]
    mostly = [3.0] * 95 + [0.5, 1, 2, 4, 5]
    found = check_scores(rows_of(mostly), [], {}, named=False)
    assert codes(found, "warning") == ["mostly-one-score"]
    assert "95 %" in found[0].say("zh")


def test_notes_name_what_is_taken_for_granted():
    train = rows_of(range(60))
    found = check_scores(train, rows_of([-1, 30, 200], "test.csv"), {"a": ""}, named=False)
    assert codes(found, "note") == ["scores-outside", "label-list-unused-scores"]
    assert found[0].rows == ("test.csv:1", "test.csv:3")
    assert codes(found, "warning") == ["whole-numbers-as-scores"]
    assert check_scores(train, [], {}, named=True) == []


@given(st.lists(st.floats(0, 5).map(lambda score: round(score, 2)), min_size=1, max_size=80))
def test_every_row_stands_under_one_bar(scores):
    bars = histogram(rows_of(scores), (0.0, 5.0))
    assert sum(count for _, count in bars) == len(scores)
    assert len(bars) <= 11


def test_bars_keep_their_zeros():
    names = [name for name, _ in histogram(rows_of(range(0, 1501, 10)), (0.0, 1500.0))]
    assert names[0] == "0 – 150"
    assert names[1] == "150 – 300"
    assert names[-1] == "1350 – 1500"


def test_a_scored_file_says_its_range_and_shows_its_scores(tmp_path):
    write(tmp_path, [i % 50 / 10 for i in range(100)])
    inspection = inspect(load(tmp_path))
    assert inspection.task.kind == "score"
    assert inspection.task.range == (0, 5)
    assert inspection.exit_code == 0
    page = render(inspection)
    assert "scores from 0 to 5, texts in English" in page
    assert "90 of 100 with decimals" in page
    assert "Scores    0 – 0.5" in page
    assert inspection.facts["range"] == [0, 5]


def test_near_scores_of_one_text_do_not_contradict_one_another(tmp_path):
    write(tmp_path, [2.0, 2.5, *[i / 10 for i in range(50)]], same=2)
    assert "conflicts-scores" not in codes(inspect(load(tmp_path)).findings, "warning")
    write(tmp_path, [0.5, 4.5, *[i / 10 for i in range(50)]], same=2)
    found = [each for each in inspect(load(tmp_path)).findings if each.code == "conflicts-scores"]
    assert found[0].rows == ("train.csv:1", "train.csv:2")


def test_the_order_of_scored_pairs_is_found_by_names_and_lengths(tmp_path):
    for names, order in ((("text_a", "text_b"), "unordered"), (("premise", "hypothesis"), "ordered")):
        lines = [f"a first text {i},another text {i},{i % 40 / 8}" for i in range(60)]
        (tmp_path / "rows.csv").write_text(",".join((*names, "label")) + "\n" + "\n".join(lines) + "\n", "utf-8")
        assert inspect(load(tmp_path / "rows.csv")).task.pairing == order
