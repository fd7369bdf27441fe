"""What a report shows of relations, in both languages, and nothing of a user's that could run."""

from __future__ import annotations

import re

import pytest

from danlu.factory import report_relations, report_relations_text
from danlu.factory.report_html import View
from danlu.factory.report_relations_text import relation_words
from danlu.factory.report_spans_text import span_words

TEXT = "Ann <b> joins Acme"
ANN, ACME = [0, 3, "person"], [14, 18, "firm"]
FIGURES = {
    "n": 9,
    "relations": 12,
    "f1": 0.75,
    "interval95": [0.5, 0.9],
    "per_relation": [
        {"relation": "works", "f1": 0.8, "precision": 0.8, "recall": 0.8, "n": 9},
        {"relation": "<owns>", "f1": 0.2, "precision": 0.2, "recall": 0.2, "n": 3},
    ],
}
REPORT = {
    "card": {
        "task": {"kind": "extraction", "labels": ["firm", "person"], "relations": ["<owns>", "works"]},
        "figures": {"student": {"n": 9, "relations": FIGURES}},
        "data": {"per_relation": {"works": 20}, "triples": [["person", "works", "firm"], ["firm", "<owns>", "firm"]]},
    },
    "link_errors": [
        {"text": TEXT, "cut": [True, False], "link": [ANN, ACME, "works"], "kind": "false", "probability": 0.9},
        {"text": TEXT, "cut": [False, False], "link": [ACME, ANN, "<owns>"], "kind": "missed", "probability": None},
    ],
}


@pytest.fixture(params=["en", "zh"])
def view(request):
    return View(REPORT, relation_words(request.param, 2))


def test_every_relation_with_what_it_leads_between(view):
    shown = report_relations.per_relation(view)
    assert shown.index("&lt;owns&gt;") < shown.index("works")  # weakest first
    assert "person</bdi></mark> → " in shown
    assert "75.0%" in shown
    assert report_relations.fact(view)[0][1].startswith("75.0%")


def test_mistakes_are_arrows_in_words(view):
    shown = report_relations.mistakes(view)
    assert "—works→" in shown
    assert "—&lt;owns&gt;→" in shown
    assert "<b> joins" not in shown
    assert "90%" in shown


def test_a_text_says_what_is_right_wrong_and_missed(view):
    text = {"text": TEXT, "links": [(ANN, ACME, "works")], "real_links": [(ACME, ANN, "<owns>")]}
    assert report_relations.said(view, {**text, "links_known": True}).count("<s>") == 1
    assert "<s>" not in report_relations.said(view, {**text, "real_links": [], "links_known": False})
    assert report_relations.said(view, {"text": TEXT}) == ""


def test_where_there_are_no_relations_nothing_is_said():
    plain = View({"card": {"figures": {"student": {"n": 9}}}}, span_words("en"))
    assert report_relations.per_relation(plain) == report_relations.mistakes(plain) == ""
    assert report_relations.fact(plain) == []


def test_both_languages_have_the_same_words():
    english, chinese = report_relations_text.ENGLISH, report_relations_text.CHINESE
    assert english.keys() == chinese.keys()
    blanks = [
        {key: sorted(set(re.findall(r"{\w+}", text))) for key, text in each.items()} for each in (english, chinese)
    ]
    assert blanks[0] == blanks[1]
