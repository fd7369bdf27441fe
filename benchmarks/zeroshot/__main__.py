"""FewCLUE without a single example: accuracy on test_public of the multiple-choice model and of two baselines.

    python -m benchmarks.zeroshot [--tasks eprstmt tnews csldcp ocnli bustm chid csl cluewsc]

Wordings were chosen by reasoning, before any figure was seen, and are the first of those that the model was trained
with where there are several. Of long texts the first tokens are read, of gaps and pronouns what stands around them.
`centred` takes each option's mean over the test texts from its scores: it knows the texts, and no answer.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from benchmarks.common import DATA, rows, store
from danlu.adapt import choice, names
from danlu.models.base import embed, open_base, token_ids
from danlu.models.choice import marks_of, open_choice
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
FOLLOWS = {"entailment": "一定正确", "neutral": "可能正确", "contradiction": "一定错误"}
AROUND = 110  # characters on either side of a gap or a pronoun
# Zero-shot figures of the UniMC paper (Yang et al., 2022, table 5), and its mean of all nine tasks, IFLYTEK among them.
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


def measure(base: Base, model: ChoiceModel, task: str) -> dict[str, float]:
    """Accuracies in percent."""
    asked = questions(task)
    truth = np.array([a.answer for a in asked])
    with tqdm(total=len(asked), desc=task, unit=" texts", disable=not sys.stderr.isatty()) as bar:
        scores = choose(base, model, asked, bar.update)

    def right(found: NDArray[np.float32]) -> float:
        return round(100 * float((found.argmax(1) == truth).mean()), 2)

    out = {"choice": right(scores), "names": right(similar(base, asked))}
    if len({a.options for a in asked}) == 1:
        out["choice, centred"] = right(scores - scores.mean(0))
    out["majority"] = round(100 * max(Counter(truth.tolist()).values()) / len(truth), 2)
    return out | {"n": len(asked)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--model", type=Path, help="a folder of weights instead of the package's")
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    arguments = parser.parse_args()
    start(0)
    base = open_base()
    model = open_choice(base, arguments.model) if arguments.model else open_choice(base)
    results: dict[str, dict[str, float]] = {}
    for task in arguments.tasks:
        results[task] = measure(base, model, task)
        print(task, json.dumps(results[task], ensure_ascii=False), flush=True)
    means = {
        who: round(float(np.mean([found.get(who, found["choice"]) for found in results.values()])), 2)
        for who in ("choice", "choice, centred", "names", "majority")
    }
    print(json.dumps(means, ensure_ascii=False))
    store(arguments.out, {"mean": means, "published": PUBLISHED, "tasks": results})


if __name__ == "__main__":
    main()
