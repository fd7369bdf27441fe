"""The whole way of scored rows: with a test file, by cross-validation alone, of pairs, and the example."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

import danlu
from danlu.factory.produce import Options, produce

GOOD, BAD = ["good", "love", "great", "很好", "喜欢"], ["late", "refund", "charge", "扣费", "账单"]
FILLER = ["please", "today", "谢谢", "我的", "the", "about", "very", "is", "my"]
EXAMPLE = Path(__file__).parents[2] / "examples" / "how-alike"


def write_task(folder: Path, *, test: bool) -> Path:
    """Texts whose score says how many of four words are good ones."""
    draw = random.Random(0)
    folder.mkdir(parents=True)
    for role, count in {"train": 48, "unlabeled": 60, **({"test": 40} if test else {})}.items():
        lines = ["text" if role == "unlabeled" else "text,rating"]
        for number in range(count):
            good = number % 5
            words = draw.sample(GOOD, good) + draw.sample(BAD, 4 - good) + [*draw.sample(FILLER, 2), f"{role}{number}"]
            draw.shuffle(words)
            lines.append(" ".join(words) + ("" if role == "unlabeled" else f",{2.5 * good}"))
        (folder / f"{role}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def options(tiny_base_folder: Path) -> Options:
    return Options(base=str(tiny_base_folder), minutes=0.5, max_ms=1_000, quiet=True)


@pytest.mark.usefixtures("_one_kind_of_light_student")
@pytest.mark.slow
@pytest.mark.parametrize("test", [True, False])
def test_scores_from_rows_to_file_and_report(options: Options, tmp_path: Path, test: bool) -> None:
    made = produce(write_task(tmp_path / "data", test=test), tmp_path / "m.danlu", options)
    model = danlu.load(made.model)
    assert model.range == (0, 10)
    card = model.card
    figures, student = card["figures"], card["figures"]["student"]
    assert figures["measured_on"] == ("test" if test else "cross-validation")
    assert student["spearman"] > 0.5
    low, high = student["spearman95"]
    assert low <= student["spearman"] <= high
    assert "inside" in student
    assert "inside" not in figures["teacher"]
    assert card["task"] == {"kind": "score", "pairing": None, "language": "en", "labels": [], "range": [0.0, 10.0]}
    assert 0 < card["calibration"]["margin"] == model.settings.margin
    assert all({"form", "spearman", "rmse", "r2", "weight", "chosen"} == set(form) for form in card["forms"])
    assert all("r2" in candidate for candidate in card["candidates"])
    best, worst = model.predict(["good love great 很好", "late refund charge 扣费"])
    assert best.score > worst.score
    page = made.report.read_text(encoding="utf-8")
    for section in ("against", "margin", "mistakes", "forms", "front", "more"):
        assert f'id="{section}"' in page
    for section in ("per_label", "confusion", "calibration"):
        assert f'id="{section}"' not in page
    assert "answer.score" in page
    assert "answer.probability" not in page


@pytest.mark.usefixtures("_one_kind_of_light_student")
@pytest.mark.slow
def test_the_example_is_forged(options: Options, tmp_path: Path) -> None:
    made = produce(EXAMPLE, tmp_path / "alike.danlu", replace(options, minutes=0.1))
    model = danlu.load(made.model)
    assert (model.range, model.pairing) == ((0, 5), "unordered")
    figures = made.card["figures"]["student"]
    assert figures["n"] == 152
    assert "likeness" in {form["form"] for form in made.card["forms"]}
    # The base here knows nothing, but n-grams do: 0.43 to 0.44 and 1.29; with shuffled scores -0.09 to 0.20 and 1.36 to
    # 1.43. The deviation of the scores is 1.38.
    assert figures["spearman"] > 0.3
    assert figures["rmse"] < 1.33
    one, other = model.predict([("a kite", "the soup"), ("the soup", "a kite")])
    assert one == other
