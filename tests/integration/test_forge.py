"""The whole way: rows in, one file out; twice the same; killed and resumed the same."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.conftest import digests

import danlu
from danlu.errors import DanluError, OptionError
from danlu.factory import produce as production
from danlu.factory import stages
from danlu.factory.job import Job
from danlu.factory.produce import Options, produce, report_of

if TYPE_CHECKING:
    from pathlib import Path

WORDS = {
    "refund": ["money back", "refund", "退款", "退钱", "reimburse", "到账"],
    "delivery": ["parcel", "courier", "快递", "物流", "shipping", "送货"],
    "account": ["password", "login", "登录", "密码", "account", "账号"],
}
FILLER = ["please", "today", "谢谢", "我的", "the", "order 12", "still", "怎么", "when", "你好", "again", "还没"]


def write_task(folder: Path, *, test: bool = True, unlabelled: int = 60) -> Path:
    """A separable bilingual task of three labels: 8 labelled rows each."""
    rng = random.Random(0)
    seen: set[str] = set()

    def sentence(label: str) -> str:
        while True:
            parts = [rng.choice(WORDS[label]), *rng.sample(FILLER, 4), str(rng.randrange(1000))]
            rng.shuffle(parts)
            text = " ".join(parts)
            if text not in seen:
                seen.add(text)
                return text

    folder.mkdir(parents=True)
    sizes = {"train": 8, **({"test": 10} if test else {})}
    for role, count in sizes.items():
        rows = [{"text": sentence(label), "label": label} for label in WORDS for _ in range(count)]
        (folder / f"{role}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    if unlabelled:
        rows = [{"text": sentence(rng.choice(list(WORDS)))} for _ in range(unlabelled)]
        (folder / "unlabeled.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def options(tiny_base_folder: Path) -> Options:
    return Options(base=str(tiny_base_folder), minutes=0.5, max_ms=1_000.0, quiet=True)


@pytest.fixture(scope="module")
def forged(tmp_path_factory: pytest.TempPathFactory, options: Options) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("forged")
    data = write_task(root / "data")
    produce(data, root / "a.danlu", options)
    return data, root / "a.danlu"


def test_the_clock_cuts_only_what_is_far_too_late_and_the_card_says_so(
    forged: tuple[Path, Path], options: Options, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data, model = forged
    assert danlu.load(model).card["cut"] == []
    monkeypatch.setattr(stages, "PATIENCE", 0.0)
    out = tmp_path / "late.danlu"
    produce(data, out, options)
    late = danlu.load(out)
    assert late.card["cut"][-1].startswith("transformer-")
    assert [c["name"] for c in late.card["candidates"]] == ["ngram"]
    assert all(name in out.with_suffix(".report.html").read_text(encoding="utf-8") for name in late.card["cut"])
    assert len(late.predict(["密码 登录 谢谢"])) == 1


def test_a_forged_model_predicts_and_its_card_is_whole(forged: tuple[Path, Path]) -> None:
    model = danlu.load(forged[1])
    assert model.labels == ("account", "delivery", "refund")
    assert [p.label for p in model.predict(["密码 登录 谢谢", "快递 parcel today"])] == ["account", "delivery"]
    figures = model.card["figures"]
    assert figures["measured_on"] == "test"
    assert figures["student"]["n"] == 30
    assert figures["student"]["accuracy"] > 0.45  # chance is 0.33, and the base here knows nothing
    assert {"teacher", "no_loop", "gold_only"} <= figures.keys()
    assert sum(c["shipped"] for c in model.card["candidates"]) == 1
    page = forged[1].with_suffix(".report.html").read_text(encoding="utf-8")
    assert "<svg" in page


def test_nothing_is_left_beside_model_and_report(forged: tuple[Path, Path]) -> None:
    assert sorted(p.name for p in forged[1].parent.iterdir()) == ["a.danlu", "a.report.html", "data"]


def test_the_same_data_and_seed_give_the_same_bytes(
    forged: tuple[Path, Path], options: Options, tmp_path: Path
) -> None:
    produce(forged[0], tmp_path / "a.danlu", options)
    assert digests(tmp_path / "a.danlu") == digests(forged[1])


def test_a_killed_run_resumes_and_ends_with_the_same_file(
    forged: tuple[Path, Path], options: Options, danlu_command: list[str], tmp_path: Path
) -> None:
    command = [*danlu_command, "forge", str(forged[0]), "--out", str(tmp_path / "a.danlu")]
    command += ["--base", str(options.base), "--minutes", "0.5", "--max-ms", "1000"]
    for finished in (2, 8):  # while it tunes the teacher, and while it trains students
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for _ in range(1200):
            jobs = list(tmp_path.glob(".a-*.job"))
            if process.poll() is not None or (jobs and len(list(jobs[0].iterdir())) > finished):
                break
            time.sleep(0.05)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "a.danlu").exists() or finished == 8
    subprocess.run(command if not (tmp_path / "a.danlu").exists() else [*command, "--force"], check=True)
    assert digests(tmp_path / "a.danlu") == digests(forged[1])


class Killed(BaseException):
    """As SIGKILL: nobody catches it, and nothing is cleaned up after it."""


def test_a_run_killed_while_it_writes_its_files_resumes_and_replaces_them(
    forged: tuple[Path, Path], options: Options, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = tmp_path / "a.danlu"

    def kill(*_: object, **__: object) -> None:
        raise Killed

    for place, left in (((production, "save"), [False, True]), ((Job, "remove"), [True, True])):
        with monkeypatch.context() as patch:
            patch.setattr(*place, kill)
            with pytest.raises(Killed):
                produce(forged[0], out, options)
        assert [out.exists(), report_of(out).exists()] == left
    with pytest.raises(OptionError, match=r"a\.danlu exists.*--force"):  # they are not another job's
        produce(forged[0], out, replace(options, seed=1))
    produce(forged[0], out, options)
    assert digests(out) == digests(forged[1])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.danlu", "a.report.html"]


@pytest.mark.usefixtures("_one_kind_of_light_student")
def test_two_hundred_labels_are_all_learned_and_all_given(options: Options, tmp_path: Path) -> None:
    rng, data = random.Random(0), tmp_path / "data"
    data.mkdir()
    said = {f"sku-{number:03d}": chr(0x4E00 + 7 * number) * 3 for number in range(200)}  # three times the same hanzi

    def write(role: str, count: int, *, labelled: bool) -> None:
        rows = [
            {"text": " ".join([word, *rng.sample(FILLER, 3), str(rng.randrange(10_000))])}
            | ({"label": label} if labelled else {})
            for label, word in said.items()
            for _ in range(count)
        ]
        (data / f"{role}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    write("train", 2, labelled=True)
    write("test", 2, labelled=True)
    write("unlabeled", 3, labelled=False)
    card = produce(data, tmp_path / "many.danlu", options).card
    assert card["task"]["labels"] == sorted(said)
    expected = card["data"]["expected"]["labels"]
    assert expected.keys() == said.keys()
    assert max(share for _, share in expected.values()) < 0.02  # each has the same number of texts
    assert card["figures"]["student"]["accuracy"] > 0.5  # chance is 0.005
    model = danlu.load(tmp_path / "many.danlu")
    assert len({answer.label for answer in model.predict(list(said.values()))}) > 100
    assert model.probabilities(["怎么"]).shape == (1, 200)


@pytest.mark.usefixtures("_one_kind_of_light_student")
def test_without_a_test_set_the_student_is_cross_validated(options: Options, tmp_path: Path) -> None:
    data = write_task(tmp_path / "data", test=False, unlabelled=0)
    card = produce(data, tmp_path / "b.danlu", options).card
    assert card["figures"]["measured_on"] == "cross-validation"
    assert card["figures"]["student"]["n"] == 24
    assert card["loop"] == [card["loop"][0]]


@pytest.mark.usefixtures("_one_kind_of_light_student")
def test_limits_that_nothing_meets_say_which_to_relax(
    forged: tuple[Path, Path], tiny_base_folder: Path, tmp_path: Path
) -> None:
    options = Options(base=str(tiny_base_folder), minutes=0.2, max_mb=0.001, max_ms=1_000.0, quiet=True)
    with pytest.raises(OptionError, match=r"--max-mb [0-9.]+"):
        produce(forged[0], tmp_path / "c.danlu", options)
    assert not (tmp_path / "c.danlu").exists()


def test_an_existing_model_is_never_overwritten(forged: tuple[Path, Path], options: Options) -> None:
    before = digests(forged[1])
    with pytest.raises(OptionError, match="--force"):
        produce(forged[0], forged[1], options)
    assert digests(forged[1]) == before


@pytest.mark.parametrize("content", ["", "text,label\n", "text,label\na,x\nb,x\n", "text\na\nb\n"])
def test_data_that_cannot_be_learned_from_leaves_nothing(content: str, options: Options, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DanluError, match="Fix:"):
        produce(tmp_path / "train.csv", tmp_path / "x.danlu", options)
    assert [p.name for p in tmp_path.iterdir()] == ["train.csv"]


@pytest.mark.usefixtures("_one_kind_of_light_student")
@pytest.mark.parametrize(
    ("names", "pairing", "beside"),
    [
        (("sentence1", "sentence2"), "unordered", None),
        (("premise", "hypothesis"), "ordered", None),
        (("abst", "keyword"), "ordered", "keywords"),
    ],
)
def test_pairs_of_texts_are_forged_as_texts_are(
    names: tuple[str, str], pairing: str, beside: str | None, options: Options, tmp_path: Path
) -> None:
    rng = random.Random(1)
    single = [
        json.loads(line)["text"]
        for line in (write_task(tmp_path / "single") / "unlabeled.jsonl").read_text(encoding="utf-8").split("\n")
        if line
    ]
    topics = {text: next(k for k, words in WORDS.items() if any(word in text for word in words)) for text in single}
    folder = tmp_path / "data"
    folder.mkdir()
    for role, count in (("train", 24), ("test", 30), ("unlabeled", 40)):
        rows = []
        while len(rows) < count:
            first, second = rng.sample(single, 2)
            label = "same" if topics[first] == topics[second] else "other"
            if label == ("same", "other")[len(rows) % 2]:
                rows.append(
                    dict(zip(names, (first, second), strict=True)) | ({} if role == "unlabeled" else {"label": label})
                )
        (folder / f"{role}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    card = produce(folder, tmp_path / "p.danlu", options).card
    assert card["task"]["kind"] == "pairs"
    assert card["task"]["pairing"] == pairing
    model = danlu.load(tmp_path / "p.danlu")
    assert (model.beside, card["task"].get("beside")) == (beside, beside)
    assert ("given" in card["task"]) == bool(beside)
    first, second = single[:2]
    answers = model.predict([(first, second), (second, first)])
    assert pairing == "ordered" or answers[0] == answers[1]
    page = (tmp_path / "p.report.html").read_text(encoding="utf-8")
    assert "\x1e" not in page
    assert "\x1f" not in page
    assert ("⇔" if pairing == "unordered" else "⇒") in page


@pytest.mark.usefixtures("_one_kind_of_light_student")
def test_a_label_with_one_row_is_learned_but_measured_by_nobody(options: Options, tmp_path: Path) -> None:
    data = write_task(tmp_path / "data", test=False, unlabelled=0)
    with (data / "train.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"text": "开发票 invoice please 77", "label": "aaa"}) + "\n")
    card = produce(data, tmp_path / "c.danlu", options).card
    assert card["task"]["labels"][0] == "aaa"
    assert card["data"]["labelled"] == 25
    assert card["figures"]["student"]["n"] == card["figures"]["teacher"]["n"] == 24
    assert card["figures"]["student"]["per_label"][0]["n"] == 0
    assert all(form["nll"] < 5 for form in card["forms"])


@pytest.mark.parametrize("test", [True, False])
def test_labelled_rows_that_are_too_many_for_the_teacher_teach_the_student(
    test: bool, options: Options, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for where in ("factory.plan.MOST_ROWS", "factory.material.MOST_ROWS"):
        monkeypatch.setattr(f"danlu.{where}", 15)
    for where in ("factory.plan.SPARE", "factory.material.SPARE"):
        monkeypatch.setattr(f"danlu.{where}", 3)
    data = write_task(tmp_path / "data", test=test, unlabelled=0)
    made = produce(data, tmp_path / "a.danlu", options)
    assert (made.card["data"]["labelled"], made.card["data"]["labelled_more"]) == (15, 6)
    assert made.card["figures"]["student"]["n"] == (30 if test else 15)
    assert "6 of them by the student alone" in made.report.read_text(encoding="utf-8")


@pytest.mark.usefixtures("_one_kind_of_light_student")
@pytest.mark.parametrize("kind", ["texts", "questions"])
def test_of_a_text_longer_than_the_base_has_places_its_beginning_is_read(
    kind: str, options: Options, tmp_path: Path
) -> None:
    rng, rows = random.Random(0), []
    for number in range(24):
        label = ("delivery", "refund")[number % 2]
        text = " ".join([rng.choice(WORDS[label]), *rng.choices(["mountain", "zebra", "quiet"], k=40), str(number)])
        row = {"text": text, "label": label}
        if kind == "questions":
            row = {"question": text, "options": [rng.choice(WORDS[name]) for name in WORDS if name != "account"]}
            row["answer"] = ["refund", "delivery"].index(label)
        rows.append(json.dumps(row) + "\n")
    (tmp_path / "train.jsonl").write_text("".join(rows), encoding="utf-8")
    card = produce(tmp_path / "train.jsonl", tmp_path / "long.danlu", replace(options, minutes=0.1)).card
    assert card["plan"]["token_length"] == 128  # the tiny base has so many, and the texts 200
    assert card["figures"]["student"]["n"] == 24
