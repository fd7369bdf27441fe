"""The whole way for questions with options: rows in, one file out, answers among each question's own options."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from tests.conftest import digests

import danlu
from danlu.compress.distil import LIGHT
from danlu.factory.produce import Options, produce
from danlu.text.question import parts

EXAMPLE = Path(__file__).parents[2] / "examples" / "right-reply"
TOPICS = {
    "refund": ["money back", "refund", "退款", "退钱", "reimburse", "到账"],
    "delivery": ["parcel", "courier", "快递", "物流", "shipping", "送货"],
    "account": ["password", "login", "登录", "密码", "account", "账号"],
}


def write(folder: Path, sizes: dict[str, int]) -> Path:
    """Questions whose right option speaks of what they speak of, of two or three options."""
    rng = random.Random(0)
    folder.mkdir(parents=True)
    for role, count in sizes.items():
        rows = []
        for number in range(count):
            topics = rng.sample(list(TOPICS), 2 + number % 2)
            options = [f"{rng.choice(TOPICS[topic])} {rng.choice(TOPICS[topic])} {number}" for topic in topics]
            right = rng.randrange(len(options))
            words = rng.sample(TOPICS[topics[right]], 2)
            row = {"question": f"{words[0]} {role} {number} {words[1]} ?", "options": options, "answer": right}
            rows.append(row if role != "unlabeled" else {k: v for k, v in row.items() if k != "answer"})
        (folder / f"{role}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def options(tiny_base_folder: Path) -> Options:
    return Options(base=str(tiny_base_folder), minutes=0.3, max_ms=1_000, quiet=True)


@pytest.fixture(scope="module")
def forged(tmp_path_factory: pytest.TempPathFactory, options: Options) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("questions")
    data = write(root / "data", {"train": 30, "dev": 10, "test": 24, "unlabeled": 60})
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(LIGHT, "narrow")
        produce(data, root / "q.danlu", options)
    return data, root / "q.danlu"


def test_figures_are_of_questions(forged: tuple[Path, Path]) -> None:
    model = danlu.load(forged[1])
    card = model.card
    assert (card["task"]["kind"], card["task"]["labels"]) == ("choice", [])
    assert (card["data"]["labelled"], card["data"]["test"], card["data"]["unlabelled_read"]) == (30, 24, 60)
    assert "per_label" not in card["data"]
    assert card["figures"]["measured_on"] == "test"
    for who in ("student", "teacher", "no_loop", "gold_only"):
        figures = card["figures"][who]
        assert figures["n"] == 24
        assert figures["chance"] == pytest.approx((1 / 2 + 1 / 3) / 2, abs=1e-6)
        assert not {"per_label", "confusion", "macro_f1"} & figures.keys()
    assert {form["form"] for form in card["forms"]} >= {"ngram", "linear", "likeness", "combination"}
    assert all(entry["admitted"] <= 60 for entry in card["loop"])
    assert model.options
    assert model.settings.answers == "from 0"


def test_answers_are_options(forged: tuple[Path, Path]) -> None:
    model = danlu.load(forged[1])
    rows = [json.loads(line) for line in (forged[0] / "test.jsonl").read_text(encoding="utf-8").split("\n") if line]
    answers = model.predict([(row["question"], row["options"]) for row in rows])
    assert all(answer.label in row["options"] for answer, row in zip(answers, rows, strict=True))
    right = [answer.label == row["options"][row["answer"]] for answer, row in zip(answers, rows, strict=True)]
    assert sum(right) / len(right) == pytest.approx(model.card["figures"]["student"]["accuracy"])


def test_the_report_shows_questions_with_their_options(forged: tuple[Path, Path]) -> None:
    page = forged[1].with_name("q.report.html").read_text(encoding="utf-8")
    assert not {"\x1d", "\x1e", "\x1f"} & set(page)
    assert "guessing: 42%" in page
    assert "danlu predict q.danlu &#x27;a question&#x27; &#x27;one option&#x27;" in page
    assert " | " in page
    for heading in ("Label by label", "What is taken for what"):
        assert heading not in page


@pytest.mark.usefixtures("_one_kind_of_light_student")
def test_the_same_questions_and_seed_give_the_same_bytes(
    forged: tuple[Path, Path], options: Options, tmp_path: Path
) -> None:
    produce(forged[0], tmp_path / "q.danlu", options)
    assert digests(tmp_path / "q.danlu") == digests(forged[1])


@pytest.mark.usefixtures("_one_kind_of_light_student")
def test_without_a_test_set_questions_are_cross_validated(options: Options, tmp_path: Path) -> None:
    data = write(tmp_path / "data", {"train": 24})
    card = produce(data, tmp_path / "c.danlu", options).card
    assert card["figures"]["measured_on"] == "cross-validation"
    assert card["figures"]["student"]["n"] == 24
    assert card["figures"]["gold_only"] is None


@pytest.mark.usefixtures("_one_kind_of_light_student")
def test_the_example_is_forged(options: Options, tmp_path: Path) -> None:
    card = produce(EXAMPLE, tmp_path / "r.danlu", options).card
    assert card["figures"]["student"]["n"] == 152
    assert card["figures"]["student"]["chance"] == 0.25
    assert (card["data"]["labelled"], card["data"]["unlabelled_read"]) == (64, 200)
    row = json.loads((EXAMPLE / "test.jsonl").read_text(encoding="utf-8").split("\n", 1)[0])
    answer = danlu.load(tmp_path / "r.danlu").predict([(row["message"], row["options"])])[0]
    assert answer.label in row["options"]
    assert len(parts(answer.label)) == 1
