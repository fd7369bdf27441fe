"""FewCLUE without a single example: accuracy on test_public of the multiple-choice model and of two baselines.

    python -m benchmarks.zeroshot [--tasks eprstmt tnews csldcp ocnli bustm chid csl cluewsc] [--most 800]
    python -m benchmarks.zeroshot --forge [--tasks eprstmt tnews] [--minutes 4]

With --forge, `danlu forge` learns from the task's unlabelled texts and the names of its labels alone; what it reaches
is kept in forged.json, a file of one machine.

What is measured is kept, so a killed run goes on; of other weights of the model the baselines alone stay, and of
another encoder nothing.

Wordings were chosen by reasoning, before any figure was seen, and are the first of those that the model was trained
with where there are several. Of long texts the first tokens are read, of gaps and pronouns what stands around them.
`centred` takes each option's mean over the test texts from its scores: it knows the texts, and no answer.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from benchmarks.common import DATA, rows, store
from benchmarks.zeroshot.forged import measure_forged
from danlu.adapt import choice, names
from danlu.models.base import embed, open_base, token_ids
from danlu.models.choice import CHOICE, marks_of, open_choice
from danlu.runtime import start
from danlu.text.normalize import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from danlu.models.base import Base
    from danlu.models.choice import ChoiceModel

HERE = Path(__file__).parent
TNEWS = {
    "story": "故事", "culture": "文化", "entertainment": "娱乐", "sports": "体育", "finance": "财经", "house": "房产",
    "car": "汽车", "edu": "教育", "tech": "科技", "military": "军事", "travel": "旅游", "world": "国际",
    "stock": "股票", "agriculture": "农业", "game": "游戏",
}  # fmt: skip
FORGED = {  # what each label says, and the column it stands in
    "eprstmt": ({"Positive": "正面", "Negative": "负面"}, "label"),
    "tnews": ({f"news_{name}": said for name, said in TNEWS.items()}, "label_desc"),
}
FOLLOWS = {"entailment": "一定正确", "neutral": "可能正确", "contradiction": "一定错误"}
AROUND = 110  # characters on either side of a gap or a pronoun
# Zero-shot figures of UniMC (Yang et al., 2022), and the mean of few-shot RoBERTa and PET that is to be reached.
PUBLISHED = {
    "UniMC-110M": {"eprstmt": 86.2, "csldcp": 31.3, "tnews": 46.6, "iflytek": 26.5, "ocnli": 66.9, "bustm": 73.3,
                   "chid": 66.7, "csl": 50.1, "cluewsc": 53.7},
    "mean to reach (RoBERTa, PET)": 45.1,
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One question in words, and the index of the right option."""

    question: str
    sides: tuple[str, ...]
    options: tuple[str, ...]
    answer: int


def eprstmt(row: dict[str, Any]) -> Asked:
    return Asked("这条评论的情感是什么？", (row["sentence"],), ("正面", "负面"), int(row["label"] == "Negative"))


def tnews(row: dict[str, Any]) -> Asked:
    answer = list(TNEWS).index(row["label_desc"].removeprefix("news_"))
    return Asked("这条新闻是什么类别？", (row["sentence"],), tuple(TNEWS.values()), answer)


def ocnli(row: dict[str, Any]) -> Asked | None:
    if row["label"] not in FOLLOWS:
        return None
    answer = list(FOLLOWS).index(row["label"])
    return Asked("根据前一句，后一句对吗？", (row["sentence1"], row["sentence2"]), tuple(FOLLOWS.values()), answer)


def bustm(row: dict[str, Any]) -> Asked:
    sides = (row["sentence1"], row["sentence2"])
    return Asked("两句话意思相同吗？", sides, ("意思相同", "意思不同"), int(row["label"] == "0"))


def chid(row: dict[str, Any]) -> Asked:
    before, _, after = row["content"].partition("#idiom#")
    passage = before[-AROUND:] + "____" + after[:AROUND].replace("#idiom#", "")
    return Asked("空格处应填哪个成语？", (passage,), tuple(row["candidates"]), row["answer"])


def csl(row: dict[str, Any]) -> Asked:
    sides = (row["abst"], "关键词：" + "、".join(row["keyword"]))
    return Asked("这些关键词都符合这篇摘要吗？", sides, ("是", "不是"), int(row["label"] == "0"))


def cluewsc(row: dict[str, Any]) -> Asked:
    target = row["target"]
    passage = row["text"][max(0, target["span2_index"] - AROUND) : target["span2_index"] + AROUND]
    question = f"句中的{target['span2_text']}指的是{target['span1_text']}吗？"
    return Asked(question, (passage,), ("是", "不是"), int(row["label"] == "false"))


def csldcp(row: dict[str, Any], labels: tuple[str, ...]) -> Asked:
    return Asked("这篇文章属于哪个学科？", (row["content"],), labels, labels.index(row["label"]))


READ: dict[str, Callable[[dict[str, Any]], Asked | None]] = {
    "eprstmt": eprstmt, "tnews": tnews, "ocnli": ocnli, "bustm": bustm, "chid": chid, "csl": csl, "cluewsc": cluewsc,
}  # fmt: skip
TASKS = ("eprstmt", "csldcp", "tnews", "ocnli", "bustm", "chid", "csl", "cluewsc")


def questions(task: str, part: str = "test_public") -> list[Asked]:
    """The questions of a part of a task, cleaned."""
    found = rows(DATA / "fewclue" / task / f"{part}.json")
    if task == "csldcp":
        labels = tuple(sorted({row["label"] for row in rows(DATA / "fewclue" / task / "train_0.json")}))
        made = [csldcp(row, labels) for row in found]
    else:
        made = [READ[task](row) for row in found]
    return [Asked(a.question, tuple(map(clean, a.sides)), a.options, a.answer) for a in made if a]


def choose(base: Base, model: ChoiceModel, asked: list[Asked], tell: Callable[[int], object]) -> NDArray[np.float32]:
    """(questions, options) scores of the multiple-choice model."""
    encoded = [row for a in asked for row in choice.encode(base.tokenizer, [a.sides], a.options, a.question)]
    return choice.score(model, encoded, marks_of(base.tokenizer), tell)


def similar(base: Base, asked: list[Asked]) -> NDArray[np.float32]:
    """(questions, options) similarity of text and option by the frozen encoder, as the form `names` has it."""
    texts = embed(base.model, token_ids(base.tokenizer, [" ".join(a.sides) for a in asked], choice.LENGTH))
    words = sorted({option for a in asked for option in a.options})
    vectors = dict(zip(words, embed(base.model, token_ids(base.tokenizer, words, choice.OPTION)), strict=True))
    if len({a.options for a in asked}) == 1:
        return names.encode(texts, np.stack([vectors[option] for option in asked[0].options]), texts)
    return np.stack([np.stack([vectors[o] for o in a.options]) @ text for a, text in zip(asked, texts, strict=True)])


def drawn(task: str, most: int | None) -> list[Asked]:
    """The questions of test_public, or some of them drawn by a fixed seed."""
    found = questions(task)
    if most is None or most >= len(found):
        return found
    return [found[i] for i in sorted(np.random.default_rng(0).permutation(len(found))[:most].tolist())]


def baselines(base: Base, asked: list[Asked]) -> dict[str, float]:
    """Accuracies, in percent, of what needs no model of multiple choice."""
    truth = np.array([a.answer for a in asked])
    usual = max(Counter(truth.tolist()).values()) / len(truth)
    return {"names": percent(similar(base, asked), truth), "majority": round(100 * usual, 2)}


def measure(base: Base, model: ChoiceModel, task: str, asked: list[Asked]) -> dict[str, float]:
    """Accuracies of the multiple-choice model, in percent; `centred` where the options are the same everywhere."""
    truth = np.array([a.answer for a in asked])
    with tqdm(total=len(asked), desc=task, unit=" texts", disable=not sys.stderr.isatty()) as bar:
        scores = choose(base, model, asked, bar.update)
    out = {"choice": percent(scores, truth)}
    if len({a.options for a in asked}) == 1:
        out["choice, centred"] = percent(scores - scores.mean(0), truth)
    return out


def percent(scores: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """Accuracy of the highest score."""
    return round(100 * float((scores.argmax(1) == truth).mean()), 2)


def means(tasks: dict[str, dict[str, float]]) -> dict[str, float]:
    """Over the tasks that have a figure of the multiple-choice model; `centred` where there is such a figure."""
    done = [found for found in tasks.values() if "choice" in found]
    who = ("choice", "choice, centred", "names", "majority")
    return {name: round(statistics.mean(f.get(name, f["choice"]) for f in done), 2) for name in who} if done else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), help="all that can be done by default")
    parser.add_argument("--most", type=int, help="questions of a task, drawn by a fixed seed; all by default")
    parser.add_argument("--baselines", action="store_true", help="measure the baselines alone")
    parser.add_argument("--forge", action="store_true", help="learn from unlabelled texts and names of labels")
    parser.add_argument("--minutes", type=float, default=4.0, help="of each forge")
    parser.add_argument("--model", type=Path, default=CHOICE, help="a folder of weights instead of the package's")
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    arguments = parser.parse_args()
    arguments.tasks = arguments.tasks or list(FORGED if arguments.forge else TASKS)
    if arguments.forge:
        if unknown := [task for task in arguments.tasks if task not in FORGED]:
            parser.error(f"--forge does not do {' '.join(unknown)}. Fix: leave it out; there are {' '.join(FORGED)}.")
        measure_forged({task: FORGED[task] for task in arguments.tasks}, arguments.minutes, HERE / "forged.json")
        return
    start(0)
    base = open_base()
    stored = json.loads(arguments.out.read_text(encoding="utf-8")) if arguments.out.exists() else {}
    if stored.get("encoder") != base.sha256:
        stored = {}
    weights = arguments.model / "model.safetensors"
    digest = hashlib.sha256(weights.read_bytes()).hexdigest() if not arguments.baselines else stored.get("weights", "")
    tasks: dict[str, dict[str, float]] = stored.get("tasks", {})
    if stored.get("weights", digest) != digest:  # of other weights the baselines alone stay true
        tasks = {task: {k: v for k, v in found.items() if not k.startswith("choice")} for task, found in tasks.items()}
    model = None if arguments.baselines else open_choice(base, arguments.model)
    for task in arguments.tasks:
        asked = drawn(task, arguments.most)
        kept = tasks.get(task, {})
        if kept.get("n") != len(asked):
            kept = {"n": len(asked), **baselines(base, asked)}
        if model is not None and "choice" not in kept:
            kept |= measure(base, model, task, asked)
        tasks[task] = kept
        print(task, json.dumps(kept, ensure_ascii=False), flush=True)
        full = {"mean": means(tasks), "published": PUBLISHED, "tasks": tasks, "encoder": base.sha256}
        store(arguments.out, full | ({"weights": digest} if digest else {}))
    print(json.dumps(means(tasks), ensure_ascii=False))


if __name__ == "__main__":
    main()
