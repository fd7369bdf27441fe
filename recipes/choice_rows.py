"""Labelled sets as multiple choice: several wordings of the question and of the labels, in Chinese and English.

Knows files of labelled rows and how a person would ask about them. Does not know tokens, models or training.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from danlu.corpus.formats import read_rows

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Question:
    """A multiple-choice question with its answer.

    Attributes:
        source: what it was made from; rows are counted, capped and mixed by it.
        question: in words; may be empty.
        sides: the text, or the two sides of a pair.
        options: at least two.
        answer: the index of the right one.
        masked: whether tokens of the text may be hidden, to be filled as well.
    """

    source: str
    question: str
    sides: tuple[str, ...]
    options: tuple[str, ...]
    answer: int
    masked: bool = False


SENTIMENT = (
    ("正面", "负面"), ("好评", "差评"), ("积极", "消极"), ("满意", "不满意"), ("推荐", "不推荐"), ("喜欢", "讨厌"),
    ("好", "不好"), ("这是一条好评", "这是一条差评"), ("评价是正面的", "评价是负面的"), ("体验很好", "体验很差"),
    ("赞扬", "批评"), ("作者很高兴", "作者很失望"),
    ("positive", "negative"), ("good", "bad"), ("favourable", "unfavourable"), ("great", "terrible"),
    ("the writer likes it", "the writer dislikes it"), ("praise", "complaint"),
)  # fmt: skip
ASK_SENTIMENT = (
    "这条评论的情感是什么？", "作者的态度是？", "这是好评还是差评？", "评价如何？", "情感倾向是正面还是负面？", "",
    "What is the sentiment of this text?", "Is this review positive or negative?", "How does the writer feel?",
)  # fmt: skip
SAME = (
    ("意思相同", "意思不同"), ("是", "不是"), ("相似", "不相似"), ("同一个意思", "不同的意思"),
    ("两句话相同", "两句话不同"),
    ("是的", "不是"), ("对", "错"), ("一样", "不一样"), ("同义", "不同义"),
    ("yes", "no"), ("the same", "different"), ("same meaning", "different meaning"),
)  # fmt: skip
ASK_SAME = (
    "两句话意思相同吗？", "这两个句子是同一个意思吗？", "这两个问题问的是同一件事吗？", "两段文本的意思一样吗？",
    "前后两句话是否表达相同的意思？", "Do the two sentences mean the same?", "Are these two questions the same?",
)  # fmt: skip
FOLLOWS = (  # entailment, neutral, contradiction
    ("一定正确", "可能正确", "一定错误"), ("蕴含", "中立", "矛盾"), ("可以推出", "无法确定", "相互矛盾"),
    ("正确", "不确定", "错误"), ("是的", "也许", "不是"), ("能推出", "不一定", "不可能"), ("对", "不知道", "错"),
    ("后一句是对的", "后一句不一定对", "后一句是错的"), ("yes", "maybe", "no"), ("true", "unknown", "false"),
    ("entailment", "neutral", "contradiction"),
)  # fmt: skip
ASK_FOLLOWS = (
    "根据前一句，后一句对吗？", "由第一句话能推出第二句话吗？", "前一句和后一句是什么关系？",
    "如果前一句是真的，后一句是真的吗？",
    "两句话的逻辑关系是？", "Given the first sentence, is the second one true?", "How do the two sentences relate?",
)  # fmt: skip
TREC = {
    "number": ("数字", "数量", "a number", "how many or how much"),
    "location": ("地点", "地方", "a place", "location"),
    "human": ("人物", "人", "a person", "who"),
    "description": ("描述", "解释说明", "a description", "an explanation"),
    "entity": ("事物", "物品", "a thing", "entity"),
    "abbreviation": ("缩写", "简称", "an abbreviation", "short form"),
}
ASK_TREC = (
    "这个问题问的是什么？",
    "答案应该是哪一类？",
    "What does the question ask for?",
    "What kind of answer is expected?",
)
ASK_INTENT = (
    "What does the customer want?", "What is this message about?", "Which intent does this query have?", "",
    "用户想咨询什么？", "这个问题属于哪一类？",
)  # fmt: skip
MENTIONS = {
    "address": ("地址", "地点"), "book": ("书名", "图书"), "company": ("公司", "企业"), "game": ("游戏", "电子游戏"),
    "government": ("政府机构", "政府"), "movie": ("电影", "影片"), "name": ("人名", "人物"),
    "organization": ("组织机构", "组织"), "position": ("职位", "职务"), "scene": ("景点", "旅游景点"),
}  # fmt: skip
ASK_MENTION = ("文中的“{}”是什么？", "“{}”属于哪一类？", "这里的“{}”指的是？", "{}是哪种实体？")
ASK_MENTION_EN = ('What is "{}" in this text?', 'Which type is the mention "{}"?', "{} is a kind of what?")
SPLIT = {
    "academicjournal": "academic journal", "astronomicalobject": "astronomical object",
    "chemicalcompound": "chemical compound", "chemicalelement": "chemical element", "musicalartist": "musical artist",
    "musicalinstrument": "musical instrument", "musicgenre": "music genre", "programlang": "programming language",
    "organisation": "organisation", "metrics": "metric",
}  # fmt: skip
# How often each row of a set is asked, every time in other words and against other options.
WORDINGS = {
    "hotel": 3, "sst2": 2, "banking77": 2, "trec": 2, "afqmc": 1, "lcqmc": 2, "stsb-zh": 2, "stsb-en": 2, "snli-zh": 3,
    "crossner": 3,
}  # fmt: skip


def labelled(data: Path, rng: random.Random) -> Iterator[Question]:
    """Every question that the labelled sets give; capped by whoever draws from them."""
    sets, pairs, entities = data / "classification", data / "pairs", data / "extraction"
    for name, parts in {"hotel": ("train",), "sst2": ("train", "dev")}.items():
        for part in parts * WORDINGS[name]:
            yield from _sentiment(sets / name / f"{part}.jsonl.gz", name, rng)
    for _ in range(WORDINGS["banking77"]):
        yield from _banking(sets / "banking77" / "train.jsonl.gz", rng)
    for _ in range(WORDINGS["trec"]):
        yield from _trec(sets / "trec" / "train.jsonl.gz", rng)
    files = (("afqmc", "train"), ("lcqmc", "dev"), ("stsb-zh", "train"), ("stsb-en", "train"), ("stsb-en", "dev"))
    for name, part in files:
        for _ in range(WORDINGS[name]):
            yield from _same(pairs / name / f"{part}.jsonl.gz", name, rng)
    for _ in range(WORDINGS["snli-zh"]):
        yield from _follows(pairs / "snli-zh" / "dev.jsonl.gz", rng)
    yield from _mentions(entities / "cluener" / "train.jsonl.gz", "cluener", rng)
    for name in ("ai", "music", "science") * WORDINGS["crossner"]:
        yield from _mentions(entities / f"crossner-{name}" / "train.jsonl.gz", "crossner", rng)


def asked(
    source: str, question: str, sides: tuple[str, ...], right: str, wrong: list[str], rng: random.Random, *,
    masked: bool = False,
) -> Question:  # fmt: skip
    """A question with its options in a random order."""
    options = [right, *(option for option in dict.fromkeys(wrong) if option != right)]
    rng.shuffle(options)
    return Question(source, question, sides, tuple(options), options.index(right), masked)


def _sentiment(path: Path, name: str, rng: random.Random) -> Iterator[Question]:
    for _, row in read_rows(path):
        good = row["label"] in ("正面", "positive")
        words = rng.choice(SENTIMENT)
        yield asked(name, rng.choice(ASK_SENTIMENT), (row["text"],), words[not good], [words[good]], rng)


def _banking(path: Path, rng: random.Random) -> Iterator[Question]:
    rows = [row for _, row in read_rows(path)]
    names = sorted({row["label"] for row in rows})
    said = {name: re.sub(r"[_?]+", " ", name).strip().lower() for name in names}
    for row in rows:
        wrong = rng.sample(names, rng.choice((2, 4, 8, 14)))
        others = [said[name] for name in wrong if name != row["label"]]
        yield asked("banking77", rng.choice(ASK_INTENT), (row["text"],), said[row["label"]], others, rng)


def _trec(path: Path, rng: random.Random) -> Iterator[Question]:
    for _, row in read_rows(path):
        way = rng.randrange(4)
        wrong = [TREC[label][way] for label in rng.sample(sorted(TREC), rng.choice((3, 6))) if label != row["label"]]
        yield asked("trec", rng.choice(ASK_TREC), (row["text"],), TREC[row["label"]][way], wrong, rng)


def _same(path: Path, name: str, rng: random.Random) -> Iterator[Question]:
    graded = name.startswith("stsb")
    for _, row in read_rows(path):
        value = float(row["label"])
        if graded and 2 < value < 4:
            continue
        same = value >= 4 if graded else value == 1
        words = rng.choice(SAME)
        sides = [row["text_a"], row["text_b"]]
        rng.shuffle(sides)
        yield asked(name, rng.choice(ASK_SAME), tuple(sides), words[not same], [words[same]], rng)


def _follows(path: Path, rng: random.Random) -> Iterator[Question]:
    order = ("entailment", "neutral", "contradiction")
    rows = [row for _, row in read_rows(path)]
    for row in rows:
        words = rng.choice(FOLLOWS)
        right = words[order.index(row["label"])]
        yield asked("snli-zh", rng.choice(ASK_FOLLOWS), (row["text_a"], row["text_b"]), right, list(words), rng)


def _mentions(path: Path, source: str, rng: random.Random) -> Iterator[Question]:
    rows = [row for _, row in read_rows(path)]
    types = sorted({entity["type"] for row in rows for entity in row["entities"]} - {"misc"})
    chinese = source == "cluener"
    name: Callable[[str], str] = (
        (lambda kind: rng.choice(MENTIONS[kind])) if chinese else (lambda kind: SPLIT.get(kind, kind))
    )
    for row in rows:
        for entity in rng.sample(row["entities"], min(2, len(row["entities"]))):
            if entity["type"] == "misc":
                continue
            mention = row["text"][entity["start"] : entity["end"]]
            ask = rng.choice(ASK_MENTION if chinese else ASK_MENTION_EN).format(mention)
            drawn = rng.sample(types, min(len(types), rng.choice((3, 6, 10))))
            wrong = [name(kind) for kind in drawn if kind != entity["type"]]
            yield asked(source, ask, (row["text"],), name(entity["type"]), wrong, rng)
