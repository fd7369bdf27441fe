"""A report of a model that learned from names alone claims nothing that nobody measured."""

from __future__ import annotations

import pytest

from danlu.factory import report_choice, report_several
from danlu.factory.report import render
from danlu.factory.report_html import points
from danlu.factory.report_names import CHINESE, ENGLISH, NAMES
from danlu.factory.report_text import WORDS

LABELS = ["parcel", "refund"]
STUDENT = {
    "n": 90,
    "accuracy": 0.8,
    "accuracy95": [0.71, 0.87],
    "macro_f1": 0.79,
    "nll": 0.5,
    "ece": 0.05,
    "brier": 0.3,
    "per_label": [{"label": name, "n": 45, "precision": 0.8, "recall": 0.8, "f1": 0.8} for name in LABELS],
    "confusion": [[36, 9], [9, 36]],
}


def sample(language: str, student=None, general=None):
    """A report's data, measured or not."""
    return {
        "card": {
            "name": "desk",
            "danlu": "0.1.0",
            "task": {"kind": "classification", "language": language, "labels": LABELS, "names_only": True},
            "data": {
                "labelled": 0,
                "unlabelled_read": 300,
                "per_label": dict.fromkeys(LABELS, 0),
                "guessed": {"parcel": {"texts": 200, "share": 0.6}, "refund": {"texts": 100, "share": 0.4}},
            },
            "figures": {
                "measured_on": "test" if student else "nothing",
                "student": student,
                "teacher": student,
                "no_loop": student,
                "gold_only": None,
                "general": general,
            },
            "forms": [{"form": "choice", "agreement": 1.0, "weight": 0.2, "chosen": False}],
            "loop": [
                {"round": number, "admitted": 90 * number, "agreement": 0.7, "kept": True} for number in (1, 2, 3)
            ],
            "candidates": [
                {
                    "name": "ngram",
                    "kind": "ngram",
                    "precision": "float32",
                    "agreement": 0.7,
                    "bytes": 9,
                    "shipped": True,
                }
            ],
            "calibration": {"temperature": 1.0, "abstain_below": 0.9, "coverage": 0.25},
            "more_labels": [],
        },
        "worth": [{"text": "where is it", "predicted": "parcel", "probability": 0.5}],
    }


@pytest.mark.parametrize(("language", "said"), [("en", "not measured"), ("zh", "没有测过")])
def test_nothing_measured_is_said_first(language, said):
    page = render(sample(language))
    words = ENGLISH if language == "en" else CHINESE
    assert f'<p class="big">{said}</p>' in page
    for key in ("limit_names", "limit_agreement", "limit_probability", "limit_balance", "worth_lead", "loop_lead"):
        assert words[key] in page
    for name in ("guessed", "limits", "forms", "loop", "front", "more"):
        assert f'id="{name}"' in page
    for name in ("ablation", "per_label", "confusion", "mistakes"):
        assert f'id="{name}"' not in page
    assert "66.7%" in page
    assert "where is it" in page


@pytest.mark.parametrize(
    ("general", "interval", "key"),
    [
        (0.6, [0.5, 0.7], "gain_clear"),
        (0.7, [0.6, 0.79], "gain_unclear"),
        (0.9, [0.82, 0.95], "gain_none"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_student_beside_the_general_model_and_whether_that_may_be_chance(language, general, interval, key):
    page = render(sample(language, STUDENT, STUDENT | {"accuracy": general, "accuracy95": interval}))
    said = NAMES[language][key].split("{d}")
    assert said[0] + points(0.8 - general) + said[1] in page


def test_a_test_file_measures_it_and_the_general_model():
    page = render(sample("en", STUDENT, STUDENT | {"accuracy": 0.7}))
    assert "accuracy, measured on 90 rows of your test file" in page
    assert "General model alone" in page
    assert ENGLISH["limit_names"] in page


def test_both_languages_say_the_same_and_nothing_is_said_that_is_not_asked_for():
    assert ENGLISH.keys() == CHINESE.keys()
    new = {key for key in ENGLISH if key not in WORDS["en"]}
    blanks = {key: sorted(part.split("}")[0] for part in ENGLISH[key].split("{")[1:]) for key in ENGLISH}
    assert all(sorted(part.split("}")[0] for part in CHINESE[key].split("{")[1:]) == blanks[key] for key in CHINESE)
    assert all(key.startswith(("unmeasured", "guessed", "limit_", "general")) for key in new)
    for language, own in NAMES.items():
        assert not [key for key in own if own[key] == WORDS[language].get(key)]
    assert not new & {*report_choice.ENGLISH, *report_several.ENGLISH}
