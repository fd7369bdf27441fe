from __future__ import annotations

import copy
import functools
import re
import string
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.evals import metrics
from danlu.factory import charts
from danlu.factory.report import render
from danlu.factory.report_html import escape, percent, plain, short
from danlu.factory.report_text import CHINESE, ENGLISH

VOID = {"meta", "br", "wbr", "hr", "img", "link", "input"}
SECTIONS = [
    "limits",
    "forms",
    "loop",
    "ablation",
    "front",
    "per_label",
    "confusion",
    "calibration",
    "mistakes",
    "suspects",
    "more",
    "data",
    "use",
    "made",
]
HOSTILE = "</bdi></title><script>alert('x')</script>\"&<b"


class Page(HTMLParser):
    """Reads a page strictly: every tag is closed, in order."""

    def __init__(self, html: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.seen: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in {"style"}:
            self.seen.append(data)

    @property
    def text(self) -> str:
        return "".join(self.seen)

    @property
    def sections(self) -> list[str]:
        return [str(attributes["id"]) for tag, attributes in self.tags if tag == "section"]


@functools.cache
def summary(labels: tuple[str, ...], n: int, seed: int) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, len(labels), n)
    logits = draw.normal(size=(n, len(labels))) + 3 * np.eye(len(labels))[truth]
    return metrics.summary(truth, metrics.softmax(logits), labels)


def sample(labels: list[str], language: str = "en", n: int = 120, measured_on: str = "test") -> dict[str, Any]:
    text = "a text, with some words"
    candidate = {"kind": "ngram", "precision": "int8", "fits": True, "shipped": False}
    return {
        "card": {
            "format": 1,
            "danlu": "0.1.0",
            "name": "support",
            "task": {"kind": "classification", "language": language, "labels": labels},
            "data": {
                "files": [{"role": "train", "name": "rows.csv", "rows": 90, "sha256": "ab" * 32}],
                "labelled": 90,
                "unlabelled": 9000,
                "unlabelled_read": 5000,
                "test": n,
                "per_label": dict.fromkeys(labels, 9),
            },
            "seed": 7,
            "minutes": 10,
            "base": {"name": "danlu-base", "sha256": "cd" * 32},
            "libraries": {"torch": "2.13.0"},
            "figures": {
                "measured_on": measured_on,
                **{
                    name: copy.deepcopy(summary(tuple(labels), n, seed))
                    for seed, name in enumerate(("student", "teacher", "gold_only", "no_loop"))
                },
            },
            "forms": [
                {"form": "ngram", "accuracy": 0.6, "macro_f1": 0.5, "nll": 1.1, "weight": 0.4, "chosen": True},
                {"form": "choice", "accuracy": 0.4, "macro_f1": 0.3, "nll": 1.9, "weight": 0.0, "chosen": False},
            ],
            "loop": [
                {"round": 0, "admitted": 0, "accuracy": 0.7, "brier": 0.9, "kept": True},
                {"round": 1, "admitted": 800, "accuracy": 0.75, "brier": 0.8, "kept": True},
                {"round": 2, "admitted": 900, "accuracy": 0.74, "brier": 0.8, "kept": False},
            ],
            "candidates": [
                {**candidate, "name": "small", "accuracy": 0.7, "bytes": 600_000, "shipped": True},
                {**candidate, "name": "large", "accuracy": 0.8, "bytes": 90_000_000, "fits": False},
            ],
            "limits": {"max_mb": 25, "max_ms": 10},
            "parity": {"agreement": 0.99, "accuracy_drop": 0.01, "texts": 500, "shipped": "int8"},
            "calibration": {"temperature": 1.3, "abstain_below": 0.42, "coverage": 0.87},
            "more_labels": [{"more": 100, "measured": 190, "half_width": 0.03}],
            "warnings": ["few labels"],
            "cut": ["a round"],
        },
        "latency": {"small": 0.2, "large": 12.0},
        "bytes": 612_345,
        "seconds": {"teacher": 100.0, "loop": 300.0},
        "mistakes": [{"text": text, "label": labels[0], "predicted": labels[1], "probability": 0.97}],
        "suspects": [
            {"text": text, "label": labels[0], "suggested": labels[1], "probability": 0.9, "where": "rows.csv, row 3"}
        ],
        "worth": [{"text": text, "predicted": labels[1], "probability": 0.3}],
        "findings": [{"level": "warning", "message": "3 duplicates", "rows": [1, 2, 3]}],
        "facts": {"median_characters": 21, "by_language": {"en": 1.0}, "trimmed": True, "nothing": None},
    }


LABELS = ["refund", "exchange_slow", "account"]


@pytest.mark.parametrize("language", ["en", "zh", "mixed"])
@pytest.mark.parametrize("measured_on", ["test", "cross-validation"])
def test_every_section_is_there_in_order_and_well_formed(language: str, measured_on: str):
    page = Page(render(sample(LABELS, language, measured_on=measured_on)))
    assert page.sections == SECTIONS
    words = CHINESE if language == "zh" else ENGLISH
    assert words["limits_title"] in page.text
    assert words["limit_" + measured_on] in page.text
    assert ("loop_apart" in [key for key in words if words[key] in page.text]) == (measured_on == "test")
    assert next(attributes["lang"] for tag, attributes in page.tags if tag == "html") == words["html_lang"]


def test_first_screen_says_what_and_how_sure():
    report = sample(LABELS, n=2000)
    page = Page(render(report))
    student = report["card"]["figures"]["student"]
    low, high = student["accuracy95"]
    first = page.text[: page.text.index(ENGLISH["limits_lead"])]
    for part in (
        "support",
        percent(student["accuracy"])[:-1],
        f"{percent(low)} – {percent(high)}",
        "2,000 rows",
        "your test file",
        "0.6 MB",
        "0.2 ms",
        "87%",
        "few labels",
    ):
        assert part in first


def test_needs_nothing_from_outside_and_runs_nothing():
    html = render(sample(LABELS))
    assert not re.search(r"https?:|//|url\(|@import", html.replace("http-equiv", ""))
    page = Page(html)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "srcset"}]
        assert attributes.get("href", "#").startswith("#")


def poison(value: Any) -> Any:
    """The same report with every string of the user's replaced, those that are looked up excepted."""
    kept = {"measured_on", "language", "level", "kind"}
    if isinstance(value, dict):
        return {
            (key if key.isidentifier() or key == "cross-validation" else HOSTILE): each if key in kept else poison(each)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [poison(each) for each in value]
    return HOSTILE if isinstance(value, str) else value


@pytest.mark.parametrize("language", ["en", "zh"])
def test_whatever_the_user_wrote_is_escaped(language: str):
    report = poison(sample(LABELS, language))
    report["facts"][HOSTILE] = HOSTILE
    report["seconds"][HOSTILE] = 3.0
    report["latency"][HOSTILE] = 3.0
    report["card"]["libraries"][HOSTILE] = HOSTILE
    html = render(report)
    assert "<script" not in html
    page = Page(html)
    assert page.sections == SECTIONS
    assert page.text.count("<script>alert('x')</script>") > 20


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    if isinstance(value, dict) and (
        not at or at in {("card",), ("card", "figures"), ("card", "data"), ("card", "task")}
    ):
        for key, each in value.items():
            found += paths(each, (*at, key))
    return found


@pytest.mark.parametrize("path", paths(sample(LABELS)), ids=".".join)
@pytest.mark.parametrize("how", ["missing", "none", "empty"])
def test_any_part_may_be_missing(path: tuple[str, ...], how: str):
    report = sample(LABELS)
    part = report
    for key in path[:-1]:
        part = part[key]
    if how == "missing":
        del part[path[-1]]
    elif how == "none":
        part[path[-1]] = None
    else:
        part[path[-1]] = type(part[path[-1]])()
    Page(render(report))


def test_nothing_at_all():
    page = Page(render({}))
    assert page.sections == []
    assert ENGLISH["unnamed"] in page.text


def test_two_hundred_labels():
    labels = [f"label_{number:03d}_with_a_name" for number in range(200)]
    html = render(sample(labels, n=3000))
    page = Page(html)
    assert "20 most confused of 200 labels" in page.text
    assert page.text.count("label_199") >= 1
    assert sum(attributes.get("class") == "track cell" for _, attributes in page.tags) == 400
    assert len(html) < 1_000_000


def test_weak_evidence_is_called_weak():
    labels = ["negative", "positive"]
    report = sample(labels, n=32, measured_on="cross-validation")
    text = Page(render(report)).text
    assert "take the number as a first impression" in text
    assert re.search("[12] of 2 labels have fewer than 20 measured rows", text)
    assert "A firm measurement" in Page(render(sample(LABELS, n=5000))).text


def test_labels_never_measured_are_named():
    report = sample(LABELS)
    report["card"]["figures"]["student"]["per_label"][1]["n"] = 0
    assert "1 of 3 labels were not measured at all: exchange_slow" in Page(render(report)).text


@pytest.mark.parametrize(
    ("language", "by", "said", "head"),
    [
        (
            "en",
            "unlabelled",
            "unlabelled texts: “{}” makes up 33.3% of the labelled rows and an estimated 2.0%",
            "Share: how much",
        ),
        ("en", "dev", "dev rows: “{}” makes up 33.3% of the labelled rows and an estimated 2.0%", "Share: how much"),
        (
            "zh",
            "unlabelled",
            "从无标注文本看，各标签出现的比例可能与标注数据不同：“{}”在标注数据中占 33.3%",
            "“占比”",
        ),
        ("zh", "dev", "从验证集看，各标签出现的比例可能与标注数据不同：“{}”在标注数据中占 33.3%", "“占比”"),
    ],
)
def test_a_label_that_is_far_rarer_than_among_the_rows_is_said_to_be(language, by, said, head):
    report = sample(LABELS, language)
    rare, *others = LABELS
    shares = {rare: [0.333333, 0.02], **{label: [0.333333, 0.49] for label in others}}
    report["card"]["data"]["expected"] = {"by": by, "labels": shares}
    text = Page(render(report)).text
    assert said.format(rare) in text
    assert head in text
    measured = "measured without it" if language == "en" else "未作这种调整"
    assert measured not in text
    report["card"]["figures"]["measured_on"] = "cross-validation"
    assert measured in Page(render(report)).text


def test_shares_that_hardly_differ_are_not_spoken_of():
    report = sample(LABELS)
    assert "Share: how much" not in Page(render(report)).text
    shares = dict(zip(LABELS, ([0.4, 0.3], [0.3, 0.4], [0.3, 0.3]), strict=True))
    report["card"]["data"]["expected"] = {"by": "dev", "labels": shares}
    text = Page(render(report)).text
    assert "Share: how much" not in text
    assert "other proportions" not in text


def test_what_the_loop_and_the_teacher_brought_is_said_plainly():
    report = sample(LABELS, n=1000)
    figures = report["card"]["figures"]
    figures["gold_only"] = figures["student"] | {"accuracy": 0.5, "accuracy95": [0.47, 0.53]}
    assert "the intervals do not overlap" in Page(render(report)).text
    figures["gold_only"] = figures["student"] | {"accuracy": figures["student"]["accuracy"] - 0.001}
    assert "this may be chance" in Page(render(report)).text
    figures["gold_only"] = figures["student"] | {"accuracy": 0.999}
    assert "gains nothing here" in Page(render(report)).text


def test_compression_that_was_refused_is_said():
    report = sample(LABELS)
    report["card"]["parity"]["shipped"] = "float32"
    text = Page(render(report)).text
    assert "so float32 is in the file" in text
    assert "After compression" not in text


def test_the_file_holds_another_candidate_than_the_most_accurate_and_the_report_says_why():
    report = sample(LABELS)
    assert "began as the general model" not in Page(render(report)).text  # the better one does not fit
    best = {**report["card"]["candidates"][0], "name": "better", "accuracy": 0.725, "shipped": False}
    report["card"]["candidates"].append(best)
    assert "better is 2.5 points ahead" in Page(render(report)).text
    report["card"]["task"]["language"] = "zh"
    assert "better 高出 2.5 个百分点" in Page(render(report)).text


@pytest.mark.parametrize(
    ("beside", "language", "told", "command"),
    [
        (None, "en", "Compares two English texts", "'a text to be sorted' 'a text to compare it with'\n"),
        ("keywords", "en", "Reads an English text and its keywords", "'a text' 'one keyword, another keyword'\n"),
        ("keywords", "zh", "读一段中文文本和它的关键词", "'一段文本' '一个关键词, 另一个关键词'\n"),
        ("mention", "en", "a pronoun in it and what that may stand for", "because she had helped.' she Eve\n"),
        ("mention", "zh", "其中一个代词和它可能指的词", "'小王把书给了小李，因为他已经看完了。' '他' '小王'\n"),
    ],
)
def test_what_stands_beside_a_text_is_said_where_the_file_is_used(beside, language, told, command):
    report = sample(LABELS, language)
    report["card"]["task"] |= {"kind": "pairs", "pairing": "ordered"} | ({"beside": beside} if beside else {})
    text = Page(render(report)).text
    assert told in text
    assert command in text
    assert ("rows.jsonl" in text) == (beside == "mention")


def test_steps_of_one_stage_are_added_up():
    report = sample(LABELS)
    report["seconds"] = {"tuned-0": 30.0, "tuned-1": 40.0, "transformer-2.onnx": 5.0, "transformer-2.int8.onnx": 1.0}
    text = Page(render(report)).text
    assert "Tune the encoder70 s" in text
    assert "Train the students6 s" in text


def test_facts_are_put_in_words():
    report = sample(LABELS)
    report["facts"] = {"text_length": {"train": {"min": 1, "max": 90}}, "leaks": {"train": 2}, "files": [{"name": "x"}]}
    text = Page(render(report)).text
    assert "Text length, characterslabelled shortest 1 · longest 90" in text
    assert "Left out, stands in the testlabelled 2" in text
    report["findings"] = [{"level": "note", "message": "odd", "rows": ["train.csv:17"]}]
    assert "odd train.csv:17" in Page(render(report)).text


def test_lists_are_cut_at_twenty_and_say_so():
    report = sample(LABELS)
    report["mistakes"] *= 23
    text = Page(render(report)).text
    assert "and 3 more, not shown" in text
    assert "12 more" in text


def test_both_languages_say_the_same_things():
    assert list(ENGLISH) == list(CHINESE)
    for key, english in ENGLISH.items():
        fields = [
            {field for _, field, _, _ in string.Formatter().parse(text) if field} for text in (english, CHINESE[key])
        ]
        assert fields[0] == fields[1], key
        assert set(re.findall("<[^>]+>", english)) == set(re.findall("<[^>]+>", CHINESE[key])), key


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=60),
    st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=4, unique=True),
    st.text(max_size=400),
)
def test_odd_strings(name: str, labels: list[str], text: str):
    report = sample(labels, n=20)
    report["card"]["name"] = name
    report["card"]["warnings"] = [text]
    report["mistakes"][0]["text"] = text
    report["facts"][text] = [text]
    html = render(report)
    html.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", html)
    Page(html)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_axes_hold_their_values(values: list[float]):
    axis = charts.linear(values)
    assert 0 <= axis.low < axis.high <= 1
    assert axis.low <= min(values)
    assert max(values) <= axis.high
    assert 2 <= len(axis.ticks) <= 12
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks)


@settings(deadline=None)
@given(st.lists(st.floats(1e-4, 1e5), min_size=1, max_size=9))
def test_logarithmic_axes_hold_their_values(values: list[float]):
    axis = charts.logarithmic(values)
    assert axis.low < min(values)
    assert max(values) < axis.high
    assert 1 <= len(axis.ticks) <= 11
    assert axis.share(axis.low) == 0.0
    assert axis.share(axis.high) == 1.0


def test_numbers_as_people_write_them():
    assert percent(0.8642) == "86.4%"
    assert percent(0.9999) == "99.9%"
    assert percent(0.9999, 0) == "99%"
    assert percent(1.0) == "100.0%"
    assert percent(float("nan")) == "–"
    assert [plain(x) for x in (0.5234, 1.8, 25, 1200)] == ["0.523", "1.8", "25", "1,200"]
    assert short("a  b\nc" * 100, 10) == "a b ca b…"
    assert escape("\x00<\ud800>") == "\N{REPLACEMENT CHARACTER}&lt;?&gt;"
