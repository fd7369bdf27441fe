"""The report of a model of scores: its own sections, in both languages, and nothing of labels."""

import copy
import re

import numpy as np
import pytest

from danlu.evals.scores import figures
from danlu.factory import charts
from danlu.factory.report import render
from danlu.factory.report_html import correlation
from danlu.factory.report_scores_text import CHINESE, ENGLISH
from danlu.factory.score_verdict import more_scores

FORM = {"form": "likeness", "spearman": 0.71, "r2": 0.5, "rmse": 0.9, "weight": 0.8, "chosen": True}
ROUND = {"round": 0, "admitted": 0, "spearman": 0.7, "brier": 0.031, "kept": True}
CANDIDATE = {"name": "ngram", "kind": "ngram", "precision": "int8", "bytes": 600_000, "fits": True, "shipped": True}


def sample(language="en", n=200):
    draw = np.random.default_rng(0)
    truth = draw.uniform(0, 5, n)
    tables = {name: np.clip(truth + draw.normal(0, 1, n), 0, 5) for name in ("student", "teacher", "no_loop")}
    told = {name: figures(truth, table, 1.6, (0, 5)) for name, table in tables.items()}
    said = {"text": "<b>one</b> ⇔ other", "score": "4.5", "predicted": "1.2"}
    card = {
        "danlu": "0.1.0",
        "name": "alike",
        "task": {"kind": "score", "pairing": "unordered", "language": language, "labels": [], "range": [0.0, 5.0]},
        "data": {"files": [], "labelled": 90, "unlabelled_read": 50},
        "figures": {"measured_on": "test", **told, "gold_only": None},
        "forms": [FORM, {**FORM, "form": "combination"}],
        "loop": [ROUND, {**ROUND, "round": 1, "admitted": 40, "brier": 0.032, "kept": False}],
        "candidates": [{**CANDIDATE, "r2": 0.61}, {**CANDIDATE, "name": "static", "r2": -0.2, "shipped": False}],
        "parity": {"agreement": 0.995, "accuracy_drop": 0.001, "texts": 500, "shipped": "int8"},
        "calibration": {"temperature": 1.0, "margin": 1.6, "covers": 0.9},
        "more_labels": more_scores(told["student"]["spearman"], n),
        "warnings": [],
    }
    return {
        "card": card,
        "mistakes": [{**said, "off": "3.3"}],
        "suspects": [{**said, "where": "train.csv:3"}],
        "worth": [{"text": "a text", "predicted": "2.5", "least": "1.0", "most": "4.0"}],
        "points": np.stack([truth, tables["student"]], 1).tolist(),
        "facts": {"range": [0.0, 5.0], "histogram": ["0 – 0.5: 3"], "scores": {"train": {"least": 0.0}}},
    }


@pytest.mark.parametrize("language", ["en", "zh", "mixed"])
def test_every_section_is_there_in_order(language):
    page = render(sample(language))
    found = [part.split('"', 1)[0] for part in page.split('<section id="')[1:]]
    wanted = ["limits", "against", "forms", "loop", "ablation", "front", "margin", "mistakes", "suspects", "more"]
    assert found == [*wanted, "data", "use", "made"]
    assert "<b>one</b>" not in page
    assert "± 1.6" in page
    assert "0.610" in page
    assert "-0.200" in page
    assert "answer.score" in page


def test_correlations_are_no_percentages():
    page = render(sample())
    value = sample()["card"]["figures"]["student"]["spearman"]
    assert f'<p class="big">{correlation(value, 0)}</p>' in page or f'<p class="big">{correlation(value)}</p>' in page
    assert f"{100 * value:.1f}%" not in page


@pytest.mark.parametrize("part", ["figures", "calibration", "more_labels", "forms", "candidates", "loop"])
def test_any_part_may_be_missing(part):
    report = sample()
    del report["card"][part]
    assert "</html>" in render(report)


def test_without_a_range_or_points_there_is_no_scatter():
    for change in ({"range": None}, {"range": [5.0, 0.0]}):
        report = copy.deepcopy(sample())
        report["card"]["task"] |= change
        assert 'id="against"' not in render(report)


def test_thousands_of_points_are_as_many_dots_as_places():
    draw = np.random.default_rng(0)
    points = [tuple(point) for point in draw.integers(0, 6, (5_000, 2)).tolist()]
    picture = charts.against(points, charts.linear((0, 5), 0, 5), 1.0, "name")
    assert picture.count('class="point"') == 36
    assert charts.against([(-9, 99)], charts.linear((0, 5), 0, 5), 9.0, "name").count('class="point"') == 1


def test_both_languages_have_the_same_words_and_blanks():
    assert CHINESE.keys() == ENGLISH.keys()
    for key, english in ENGLISH.items():
        blanks = [{part.split("}")[0] for part in text.split("{")[1:]} for text in (english, CHINESE[key])]
        assert blanks[0] == blanks[1], key


def test_a_model_worse_than_guessing_has_a_report_and_axes_that_hold_it():
    report = sample()
    draw = np.random.default_rng(0)
    truth = draw.uniform(0, 5, 60)
    told = figures(truth, 5 - truth + draw.normal(0, 1, 60), 1.6, (0, 5))
    report["card"]["figures"] = {"measured_on": "test", "student": told, "teacher": told, "gold_only": None}
    report["card"]["candidates"] = [{**CANDIDATE, "r2": -3.0}]
    report["card"]["more_labels"] = more_scores(told["spearman"], 60)
    assert told["spearman95"][1] < 0
    page = render(report)
    assert "-1.0" in page
    assert re.search(r' (x|x1|x2|cx|width)="-[^"]*%"', page) is None


def test_negative_values_have_room():
    assert charts.linear([-0.4, -0.2]).low < -0.4
    assert charts.linear([-9.0]).low == -1
    assert charts.linear([0.02, 0.3]).low == 0
    picture = charts.strip(-0.8, -0.5, -0.2, span="span")
    assert 'x="-' not in picture
