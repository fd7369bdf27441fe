import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.corpus.columns import Columns
from danlu.corpus.read import DataFile, Dataset, load
from danlu.factory.inspect import Inspection, inspect, render
from danlu.text.pair import join, pairing_of, sides
from danlu.types import Example

FEWCLUE = Path(__file__).parents[2].parent / "shared/data/fewclue"
LETTERS = (
    "的一是了我不在人们有来他这上着个地到大里说就去子得也和那要下看天时过出小么起你都把好还多没为又可家学只以主会样年想"
)


def sentence(seed: object) -> str:
    return "".join(random.Random(str(seed)).choices(LETTERS, k=20))


def rows(counts: dict[str, int], source: str = "train.csv") -> list[Example]:
    """So many rows of each label, each with a text of its own."""
    labels = [label for label, count in counts.items() for _ in range(count)]
    return [Example(sentence((source, n)), label, source, n) for n, label in enumerate(labels, start=1)]


def codes(inspection: Inspection, level: str | None = None) -> list[str]:
    return [finding.code for finding in inspection.findings if level in (None, finding.level)]


def finding(inspection: Inspection, code: str):
    return next(found for found in inspection.findings if found.code == code)


GOOD = {"a": 10, "b": 10}


def test_good_data():
    data = Dataset(rows(GOOD), rows({"a": 2}, "dev.csv"), rows({"b": 3}, "test.csv"), rows({"x": 4}, "more.csv"))
    inspection = inspect(data)
    assert inspection.findings == []
    assert inspection.exit_code == 0
    assert inspection.task.labels == ("a", "b")
    assert inspection.task.language == "zh"
    assert (inspection.train, inspection.dev, inspection.test) == (data.train, data.dev, data.test)
    facts = inspection.facts
    assert facts["rows"] == {"train": 20, "dev": 2, "test": 3, "unlabeled": 4}
    assert facts["labels"] == {"a": {"train": 10, "dev": 2, "test": 0}, "b": {"train": 10, "dev": 0, "test": 3}}
    assert facts["balance"] == {"largest": 10, "smallest": 10, "ratio": 1.0, "evenness": 1.0}
    assert facts["text_length"]["train"] == {"min": 20, "p50": 20, "p90": 20, "p99": 20, "max": 20}
    json.dumps(facts)
    assert "Nothing to complain of." in render(inspection)


@pytest.mark.parametrize(
    ("train", "code", "words"),
    [
        ([], "no-rows", "at least two rows"),
        ([Example("  \u200b", "a", "train.csv", 1)], "no-rows", "at least two rows"),
        (rows({"a": 9}), "one-label", "the label 'a'"),
        (rows({"a": 1, "b": 1, "c": 1}), "one-example-each", "cross-validated"),
        (rows({str(n): 1 for n in range(10_000)}), "too-many-labels", "10,000 labels.*really an id"),
        (rows({f"label {n}": 2 for n in range(1001)}), "too-many-labels", "1,001"),
        (rows({f"label {n}": 1 for n in range(30)} | {"x": 20}), "free-text-labels", "31 labels in 50 rows"),
    ],
    ids=["nothing", "empty", "one label", "singles", "ids", "many", "free text"],
)
def test_errors(train, code, words):
    inspection = inspect(Dataset(train))
    assert codes(inspection, "error") == [code]
    assert inspection.exit_code == 2
    assert re.search(words, finding(inspection, code).message)
    assert code in render(inspection)


@pytest.mark.parametrize("role", ["dev", "test"])
def test_a_label_only_held_out(role):
    held_out = rows({"a": 1, "new": 2}, f"{role}.csv")
    inspection = inspect(Dataset(rows(GOOD), **{role: held_out}))
    found = finding(inspection, "unseen-label")
    assert found.level == "error"
    assert "'new'" in found.message
    assert found.rows == (f"{role}.csv:2", f"{role}.csv:3")


def test_twenty_labels_of_two_rows_are_no_free_text():
    assert inspect(Dataset(rows({f"label {n}": 2 for n in range(25)}))).exit_code == 1


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ({"a": 10, "b": 1}, "single-example"),
        ({"a": 10, "b": 7}, "few-examples"),
        ({"a": 100, "b": 9}, "imbalance"),
        ({"a": 10, "nan": 10}, "missing-value-label"),
        ({"Good": 10, "good": 10}, "labels-alike"),
    ],
)
def test_warnings_about_labels(counts, code):
    inspection = inspect(Dataset(rows(counts)))
    assert codes(inspection) == [code]
    assert inspection.exit_code == 1


def test_labels_that_may_be_one_are_named_group_by_group():
    counts = {"Good": 9, "good": 9, "退款申请": 9, "申请退款": 9, "refund requests": 9, "request refund": 9}
    found = [f for f in inspect(Dataset(rows(counts))).findings if f.code.startswith("labels-")]
    assert [(f.code, f.values["names"]) for f in found] == [
        ("labels-alike", ["Good", "good"]),
        ("labels-overlap", ["refund requests", "request refund"]),
        ("labels-overlap", ["申请退款", "退款申请"]),
    ]
    assert all(len(f.rows) == 10 for f in found)


def test_labels_of_the_same_words_are_told_apart_by_their_descriptions():
    counts = {"退款申请": 9, "申请退款": 9}
    apart, same = ({"退款申请": "要钱", "申请退款": said} for said in ("问进度", "要钱"))
    assert "labels-overlap" not in codes(inspect(Dataset(rows(counts), descriptions=apart)))
    assert "labels-overlap" in codes(inspect(Dataset(rows(counts), descriptions=same)))


def test_labels_that_differ_in_width_are_shown_as_they_are_written():
    text = render(inspect(Dataset(rows({"ＶＩＰ": 9, "vip": 9}))))
    assert "The labels 'vip', 'ＶＩＰ' differ only in case, width," in text


def test_numeric_labels_are_names():
    inspection = inspect(Dataset(rows({"0": 10, "1": 10})))
    assert codes(inspection, "note") == ["numeric-labels"]
    assert inspection.exit_code == 0
    assert inspection.task.labels == ("0", "1")


def test_label_lists():
    inspection = inspect(Dataset(rows(GOOD), descriptions={"a": "about a", "c": "about c"}))
    assert codes(inspection) == ["label-without-rows", "label-not-listed"]


def with_row(text: str, label: str | None = "a") -> Dataset:
    return Dataset([*rows(GOOD), Example(text, label, "train.csv", 99)])


@pytest.mark.parametrize(
    ("text", "code", "kept"),
    [
        ("\u200b\x00 ", "empty", None),
        ("字" * 30_000, "over-long", "字" * 20_000),
        ("zero\u200bwidth and \x1b[31m control", "hidden-characters", "zerowidth and [31m control"),
        ("\u202eשלום לכולם\u202c", "hidden-characters", "שלום לכולם"),
        ("wrong \ufffd encoding", "replacement-characters", "wrong \ufffd encoding"),
        ("שלום לכולם 👍", None, "שלום לכולם 👍"),
        ("two\nlines", None, "two lines"),
    ],
)
def test_texts(text, code, kept):
    inspection = inspect(with_row(text))
    assert codes(inspection) == ([code] if code else [])
    if code:
        assert finding(inspection, code).rows == ("train.csv:99",)
    assert [row.text for row in inspection.train[20:]] == ([] if kept is None else [kept])


def test_repetitions():
    first = rows(GOOD)[0]
    exact = inspect(with_row(f" {first.text}！"))
    assert codes(exact) == ["duplicates"]
    assert len(exact.train) == 20
    assert exact.facts["duplicates"] == {"exact": 1, "near": 0}
    conflict = inspect(with_row(first.text, "b"))
    assert codes(conflict) == ["conflicts"]
    assert finding(conflict, "conflicts").rows == ("train.csv:1", "train.csv:99")
    assert conflict.facts["conflicts"] == 2
    assert len(conflict.train) == 21


def test_near_repetitions():
    text = sentence("long") * 3
    train = [*rows(GOOD), Example(text, "a", "train.csv", 98), Example(text[:-1] + "嘿", "b", "train.csv", 99)]
    inspection = inspect(Dataset(train))
    assert codes(inspection) == ["near-duplicates"]
    assert "1 of them under another label" in finding(inspection, "near-duplicates").message
    assert finding(inspection, "near-duplicates").rows == ("train.csv:99",)
    assert len(inspection.train) == 22


@pytest.mark.parametrize("role", ["dev", "test"])
def test_leaks_are_kept_out(role):
    long = sentence("long") * 3
    train = [*rows(GOOD), Example(long[:-1] + "嘿", "a", "train.csv", 99)]
    held_out = [Example(f"{train[0].text}。", "a", f"{role}.csv", 1), Example(long, "b", f"{role}.csv", 2)]
    spare = [Example(train[0].text, None, "more.txt", 1), Example(sentence("other"), None, "more.txt", 2)]
    inspection = inspect(Dataset(train, unlabeled=spare, **{role: held_out}))
    assert codes(inspection) == ["leak-training", "leak-unlabeled"]
    assert finding(inspection, "leak-training").rows == ("train.csv:1", "train.csv:99")
    assert inspection.train == train[1:20]
    assert inspection.unlabeled == spare[1:]
    assert getattr(inspection, role) == [Example(train[0].text + "。", "a", f"{role}.csv", 1), held_out[1]]
    assert inspection.facts["leaks"] == {"train": 2, "unlabeled": 1, "dev": 0}


def test_held_out_rows_without_a_label_are_left_out():
    inspection = inspect(Dataset(rows(GOOD), test=[Example("some text", None, "test.csv", 4)]))
    assert codes(inspection) == ["missing-label"]
    assert inspection.test == []


def test_files_and_notes():
    files = (
        DataFile("train", Path("train.csv"), 21, "0" * 64, "gb18030"),
        DataFile("test", Path("test.csv"), 1, "1" * 64, "utf-8"),
    )
    spare = [Example(sentence("spare"), None, "train.csv", 21)]
    data = Dataset(rows(GOOD), unlabeled=spare, files=files, columns=Columns("t", "l"), notes=("Only so many rows.",))
    inspection = inspect(data)
    assert codes(inspection) == ["mixed-encodings", "capped", "encoding", "unlabeled-training-rows"]
    assert inspection.facts["files"][0]["encoding"] == "gb18030"
    assert "'t'" in inspection.facts["evidence"][0]


def test_a_first_row_of_data_is_missed():
    data = Dataset(rows(GOOD), columns=Columns("text", "a"))
    assert "no-header" in codes(inspect(data))


def test_rows_named_are_at_most_ten():
    train = [*rows(GOOD), *(Example("", "a", "train.csv", 100 + n) for n in range(30))]
    inspection = inspect(Dataset(train))
    assert finding(inspection, "empty").message.startswith("30 rows ")
    assert len(finding(inspection, "empty").rows) == 10


def test_render_is_aligned_and_harmless():
    counts = {"新闻": 12, "sport": 8, "\x1b[31mred" * 9: 8} | {f"label {n:02d}": 9 for n in range(30)}
    text = render(inspect(Dataset([*rows(counts), Example("", "a", "t\x1b", 3)])))
    assert "\x1b" not in text
    lines = text.splitlines()
    assert lines[0] == "Task      classification into 33 labels, texts in Chinese"
    assert "... and 13 more" in text
    assert any(line.startswith("Labels    新闻") for line in lines)
    first, second = (next(line for line in lines if name in line) for name in ("新闻", "label 00"))
    assert first.index("#") + 2 == second.index("#")  # two wide characters
    assert "Warnings (1)" in text
    assert r"    t\x1b:3" in text


def test_the_row_is_said_however_long_the_name_of_its_file():
    name = "a" * 240 + ".csv"
    assert f"    {name}:17\n" in f"{render(inspect(Dataset([*rows(GOOD), Example('', 'a', name, 17)])))}\n"


@settings(max_examples=50)
@given(
    st.lists(
        st.builds(
            Example,
            st.one_of(st.text(st.characters(), max_size=8), st.sampled_from(["same", "same!", ""])),
            st.one_of(st.none(), st.sampled_from(["a", "b", "7", "\x1b"]), st.text(min_size=1, max_size=3)),
            st.just("train.csv"),
            st.integers(1, 99),
        ),
        max_size=12,
    ),
    st.data(),
)
def test_any_rows_can_be_inspected(train, data):
    test = data.draw(st.lists(st.sampled_from(train), max_size=4)) if train else []
    inspection = inspect(Dataset([row for row in train if row.label], test=test), max_chars=5)
    json.dumps(inspection.facts)
    assert not any(character in render(inspection) for character in "\x00\x1b\u202e\r")
    held_out = {row.text.casefold() for row in inspection.test}
    assert not held_out & {row.text.casefold() for row in inspection.train}
    assert inspection.exit_code in (0, 1, 2)
    assert (inspection.exit_code == 2) == bool(codes(inspection, "error"))


@pytest.mark.skipif(not FEWCLUE.exists(), reason="the evaluation data (shared/data/fewclue) is not beside the checkout")
def test_eprstmt(tmp_path):
    for name, source in (("train", "train_0"), ("test", "test_public"), ("unlabeled", "unlabeled")):
        (tmp_path / f"{name}.json").write_bytes((FEWCLUE / "eprstmt" / f"{source}.json").read_bytes())
    inspection = inspect(load(tmp_path))
    assert inspection.task.labels == ("Negative", "Positive")
    assert inspection.task.language == "zh"
    assert inspection.exit_code == 1
    # 45 test sentences stand in the unlabeled file word for word, says the data's README.
    assert inspection.facts["leaks"]["unlabeled"] >= 45
    assert not {row.text for row in inspection.unlabeled} & {row.text for row in inspection.test}


def test_dev_rows_of_the_test_file_choose_nothing_and_repeated_unlabeled_rows_teach_nothing(tmp_path):
    folder = tmp_path / "task"
    folder.mkdir()
    train = [{"text": f"{word} number {i}", "label": word} for word in ("refund", "parcel") for i in range(4)]
    dev = [{"text": "where is my money", "label": "refund"}, {"text": "the courier is late", "label": "parcel"}]
    test = [{"text": "Where is my money", "label": "refund"}, {"text": "it has not come", "label": "parcel"}]
    free = [{"text": text} for text in ("refund number 1", "any news of it", "Any news of it", "thank you")]
    for role, rows in (("train", train), ("dev", dev), ("test", test), ("unlabeled", free)):
        (folder / f"{role}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    inspection = inspect(load(folder))
    assert [row.text for row in inspection.dev] == ["the courier is late"]
    assert len(inspection.test) == 2
    assert [row.text for row in inspection.unlabeled] == ["any news of it", "thank you"]
    assert {"leak-dev", "repeated-unlabeled"} <= {finding.code for finding in inspection.findings}


# --- pairs


def pair_data(labels=("yes", "no"), names=("sentence1", "sentence2"), longer=1) -> Dataset:
    made = [
        Example(
            join(sentence((n, 0)), sentence((n, 1)) * longer, "ordered"), labels[n % len(labels)], "train.csv", n + 1
        )
        for n in range(60)
    ]
    return Dataset(made, columns=Columns(names[0], "label", names[1]))


def test_pairs_are_a_task_of_their_own():
    inspection = inspect(pair_data())
    assert inspection.task.pairing == "unordered"
    assert inspection.facts["task"] == "pairs"
    assert all(pairing_of([row.text]) == "unordered" for row in inspection.train)
    assert "'sentence1' and 'sentence2', whose order does not matter" in inspection.facts["evidence"][0]
    assert "pairs in any order" in render(inspection)


@pytest.mark.parametrize(
    "data",
    [
        pair_data(("yes", "no", "perhaps")),
        pair_data(names=("premise", "hypothesis")),
        pair_data(names=("question", "answer")),
        pair_data(longer=2),
    ],
    ids=["three labels", "unlike columns", "other columns", "unlike lengths"],
)
def test_order_matters_where_sides_are_unlike(data):
    inspection = inspect(data)
    assert inspection.task.pairing == "ordered"
    assert "whose order matters" in inspection.facts["evidence"][0]


@pytest.mark.parametrize("labels", [("a", "b"), ("1", "2"), ("left", "right")])
def test_order_matters_where_labels_name_a_side(labels):
    assert inspect(pair_data(labels)).task.pairing == "ordered"


def test_order_matters_where_a_pair_turned_round_has_another_label():
    data = pair_data()
    first, second = sides(data.train[0].text)
    turned = Example(join(second, first, "ordered"), "no", "train.csv", 61)
    assert inspect(Dataset([*data.train, turned], columns=data.columns)).task.pairing == "ordered"


def test_a_pair_needs_both_sides_and_is_one_row_in_either_order():
    data = pair_data()
    first, second = sides(data.train[0].text)
    extra = [
        Example(join(second, first, "ordered"), "yes", "train.csv", 61),
        Example(join(first, " ", "ordered"), "yes", "train.csv", 62),
    ]
    inspection = inspect(Dataset(data.train + extra, columns=data.columns))
    assert len(inspection.train) == 60
    assert set(codes(inspection)) == {"duplicates", "empty"}


# --- names of labels alone


def named(descriptions: dict[str, str], texts: int = 300, test: dict[str, int] | None = None) -> Inspection:
    unlabeled = [Example(sentence(("u", n)), None, "unlabeled.txt", n) for n in range(1, texts + 1)]
    tested = rows(test or {}, "test.csv")
    return inspect(Dataset([], [], tested, unlabeled, descriptions, names_only=True))


def test_names_alone_are_a_task_with_a_warning():
    inspection = named({"体育": "", "财经": ""})
    assert codes(inspection) == ["nothing-labelled"]
    assert inspection.exit_code == 1
    assert inspection.task.names_only
    assert inspection.task.labels == ("体育", "财经")
    assert inspection.task.language == "zh"
    assert inspection.facts["labels"] == {name: {"train": 0, "dev": 0, "test": 0} for name in ("体育", "财经")}
    json.dumps(inspection.facts)
    shown = render(inspection)
    assert "known by their names alone" in shown
    assert "half have up to 20 characters" in shown
    assert "#" not in shown
    assert "nothing here can tell" in shown


def test_a_test_file_changes_what_can_be_said():
    inspection = named({"体育": "", "财经": ""}, test={"体育": 2, "财经": 1})
    assert codes(inspection) == ["nothing-labelled-tested"]
    assert inspection.facts["labels"] == {
        "体育": {"train": 0, "dev": 0, "test": 2},
        "财经": {"train": 0, "dev": 0, "test": 1},
    }


@pytest.mark.parametrize(
    ("descriptions", "texts", "test", "level", "code", "words"),
    [
        ({"体育": ""}, 300, {}, "error", "one-name", "only the label '体育'; add"),
        ({"0": "", "1": "", "体育": ""}, 300, {}, "error", "name-says-nothing", "nothing for '0', '1'; describe"),
        ({"体育": "", "财经": ""}, 49, {}, "error", "too-few-texts", "Usable unlabelled texts: 49,"),
        ({"体育": "", "财经": ""}, 199, {}, "warning", "few-texts", "with 200 or more"),
        ({"体育": "", "财经": ""}, 300, {"汽车": 1}, "error", "unknown-test-label", "'汽车', which is not among"),
        ({"体育": "", "其他": ""}, 300, {}, "warning", "rest-label", "such as '其他' says only what a text is not"),
        ({"Sport": "ball", "sport": "play"}, 300, {}, "warning", "labels-alike", "differ only in case"),
        ({"Sport": "", "sport": ""}, 300, {}, "error", "names-say-the-same", "'Sport', 'sport' say the same"),
        ({"my_refund": "", "my-refund": ""}, 300, {}, "error", "names-say-the-same", "'my_refund', 'my-refund' say"),
        (
            {"refund": "same thing", "delivery": "same thing"},
            300,
            {},
            "error",
            "names-say-the-same",
            "'refund', 'delivery' say the same, so nothing tells their texts apart; describe each",
        ),
        ({f"label number {n}": "" for n in range(1_001)}, 300, {}, "error", "too-many-names", "more than 1,000"),
    ],
)
def test_names_that_teach_little_or_nothing(descriptions, texts, test, level, code, words):
    found = finding(named(descriptions, texts, test), code)
    assert found.level == level
    assert words in found.message
    assert found.say("zh") != found.message


def test_a_description_makes_a_number_a_label():
    assert named({"0": "bad review", "1": "good review"}).exit_code == 1


def test_unlabeled_rows_that_stand_in_the_test_file_are_left_out():
    texts = [Example(sentence(("u", n)), None, "unlabeled.txt", n) for n in range(300)]
    test = [Example(texts[0].text, "体育", "test.csv", 1), Example("新的一条测试文本", "财经", "test.csv", 2)]
    inspection = inspect(Dataset([], [], test, texts, {"体育": "", "财经": ""}, names_only=True))
    assert len(inspection.unlabeled) == 299
    assert "leak-unlabeled" in codes(inspection)


def test_without_names_no_labelled_row_is_still_an_error():
    assert "no-rows" in codes(inspect(Dataset([], [], [], rows({"x": 4}, "more.csv"))), "error")
