"""Multiple-choice questions about sameness, inference and kinds, made from translations and from changed sentences.

Two sentences with one translation mean the same; a sentence whose number, name or negation was changed does not. What
stands in a passage follows from it; the same with something changed contradicts it; what comes after it is neither.
Wrong sentences are reworded as often as right ones, so that a rewording tells nothing. Knows sentences; does not know
tokens, models or training.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from danlu.corpus.formats import read_rows
from danlu.text.normalize import clean
from recipes.choice_made import sentences, snippet
from recipes.choice_rows import ASK_FOLLOWS, ASK_SAME, FOLLOWS, SAME, asked

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from recipes.choice_rows import Question

# Words that may stand for one another without a change of meaning; each line is one meaning.
SYNONYMS = """
怎么 如何 怎样
为什么 为何 怎么会
什么时候 何时 啥时候
哪里 哪儿 什么地方
多少钱 什么价格 价钱多少
可以 能 能够
需要 要
现在 目前 眼下
非常 很 十分 特别
觉得 认为 感觉
告诉 跟我说
因为 由于
但是 可是 不过
如果 要是 假如
已经 早已
开始 着手
喜欢 喜爱
帮我 给我 替我
希望 盼望
知道 晓得
看见 看到
漂亮 美丽 好看
高兴 开心 快乐
难过 伤心
害怕 恐惧
快速 迅速
立刻 马上 立即
大概 大约 差不多
全部 所有
人们 大家
孩子 小孩
父亲 爸爸
母亲 妈妈
老师 教师
医生 大夫
电脑 计算机
手机 电话
飞机票 机票
帮助 协助
使用 用
购买 买
出售 卖
获得 得到
增加 提高
减少 降低
必须 一定要
没有 没
吗 么
"""
ANTONYMS = """
大 小
多 少
好 坏
高 低
快 慢
长 短
早 晚
新 旧
远 近
增加 减少
上升 下降
提高 降低
开始 结束
成功 失败
喜欢 讨厌
同意 反对
允许 禁止
安全 危险
容易 困难
重要 次要
以前 以后
前面 后面
打开 关闭
买 卖
男 女
有 没有
是 不是
会 不会
能 不能
必须 不必
都 不都
全部 少数
所有 个别
总是 从不
经常 很少
第一 最后
赢 输
进口 出口
贫穷 富裕
简单 复杂
冷 热
白天 夜里
国内 国外
城市 农村
"""
_DIGITS = re.compile(r"\d+|(?<=[第有了出过近约])[一二三四五六七八九十]+(?=[个年月日天次名位种条家])")
_KIND = re.compile(
    r"\b(?:is|was|are|were) (?:an?|the) ((?:[A-Za-z'-]+ ){0,5}?[a-z-]+)(?= (?:in|of|from|who|that|which|for|by|at|on|"
    r"based|located|with|and|born|native|known|where|whose|between|as|near)\b|[,.;(])"
)
ASK_KIND = ("What is {}?", "{} is a kind of what?", "Which of these is {}?", "What is this text about?", "{}是什么？")
NO_KINDS = {"used", "written", "played", "developed", "founded", "name", "type", "form", "member", "son", "part", "set"}
CHANGED = ("zhihu-titles", "weibo", "counsel", "web-zh", "reviews", "literature", "cctv", "sms", "lctt", "crosswoz")
FOLLOWED = ("cctv", "literature", "modern", "weibo", "sanwen", "counsel", "fudan", "medical", "weekly", "blog")


def meaning(data: Path, texts: dict[str, list[str]], rng: random.Random) -> Iterator[Question]:
    """Every question about meaning; capped by whoever draws from them."""
    edits = Edits(texts, rng)
    yield from _translated(data, edits, rng)
    yield from _changed(texts, edits, rng)
    yield from _follows(texts, edits, rng)
    yield from _kinds(texts, rng)


class Edits:
    """Changes of a sentence: such as keep its meaning, and such as do not."""

    def __init__(self, texts: dict[str, list[str]], rng: random.Random) -> None:
        import jieba
        import jieba.posseg

        jieba.setLogLevel(40)
        self._cut, self._rng = jieba.posseg.cut, rng
        lines = [line.split() for line in SYNONYMS.strip().split("\n")]
        self._same = {word: [other for other in line if other != word] for line in lines for word in line}
        pairs = [line.split() for line in ANTONYMS.strip().split("\n")]
        self._opposite = dict(pairs) | {b: a for a, b in pairs}
        found: dict[str, Counter[str]] = {}
        for name in ("zhihu-titles", "cctv", "web-zh", "weibo"):
            for text in texts[name][:6000]:
                for pair in self._cut(text[:60], HMM=False):
                    if pair.flag in ("n", "ns", "nr", "v", "t", "nz") and len(pair.word) >= 2:
                        found.setdefault(pair.flag, Counter())[pair.word] += 1
        self._words = {
            flag: usual
            for flag, words in found.items()
            if (usual := [word for word, count in words.items() if count >= 3])
        }

    def reworded(self, sentence: str, chance: float = 0.5) -> str:
        """Some words replaced by others of their meaning."""
        out: list[str] = []
        for pair in self._cut(sentence, HMM=False):
            others = self._same.get(pair.word)
            out.append(self._rng.choice(others) if others and self._rng.random() < chance else pair.word)
        return "".join(out)

    def turned(self, sentence: str, *, only_against: bool = False) -> str | None:
        """A sentence that says something else, in nearly the same words; None where no change is known.

        Args:
            sentence: in Chinese.
            only_against: only changes that contradict it: another number, place or time, the opposite, a negation.
        """
        tagged = [(pair.word, pair.flag) for pair in self._cut(sentence, HMM=False)]
        ways: list[tuple[int, str]] = []
        for at, (word, flag) in enumerate(tagged):
            if word in self._opposite:
                ways.append((at, self._opposite[word]))
            elif _DIGITS.fullmatch(word) and word.isdigit():
                ways.append((at, str(max(1, int(word[:9]) + self._rng.choice((-3, -1, 1, 2, 10))))))
            elif word in ("不", "没", "没有", "未"):
                ways += [(at, "")] * 2
            elif flag == "v" and len(word) >= 2 and (at == 0 or tagged[at - 1][0] not in ("不", "没", "没有", "未")):
                ways.append((at, self._rng.choice(("不", "没有", "没")) + word))
            if flag in ("ns", "t", "nr") and flag in self._words:
                ways.append((at, self._rng.choice(self._words[flag])))
            if not only_against and flag in ("n", "v", "nz") and len(word) >= 2 and flag in self._words:
                ways.append((at, self._rng.choice(self._words[flag])))
        ways = [(at, new) for at, new in ways if new != tagged[at][0]]
        if not ways:
            return None
        at, new = self._rng.choice(ways)
        return "".join(new if n == at else word for n, (word, _) in enumerate(tagged))


def _translated(data: Path, edits: Edits, rng: random.Random) -> Iterator[Question]:
    """Two translations of one sentence; a sentence and its translation; against others of much the same words."""
    pairs: list[tuple[str, str]] = []
    for path in sorted((data / "parallel").glob("*.gz")):
        for _, row in read_rows(path):
            zh, en = clean(row["zh"]), clean(row["en"])
            if 5 <= len(zh) <= 70 and 10 <= len(en) <= 200:
                pairs.append((zh, en))
    near = Neighbours(pairs)
    for side in (0, 1):
        groups: dict[str, list[int]] = {}
        for number, pair in enumerate(pairs):
            groups.setdefault(re.sub(r"\W", "", pair[1 - side].lower()), []).append(number)
        for numbers in groups.values():
            yield from _said_again(list(dict.fromkeys(pairs[n][side] for n in numbers)), numbers[0], edits, near, rng)
    for number in rng.sample(range(len(pairs)), min(len(pairs), 14_000)):
        zh, en = pairs[number]
        if rng.random() < 0.5:
            yield _same("bilingual", edits.reworded(zh), en, rng, true=True)
        else:
            other = (edits.turned(zh) if rng.random() < 0.5 else None) or pairs[near.of(number)][0]
            if other != zh:
                yield _same("bilingual", other, en, rng, true=False)


def _said_again(said: list[str], number: int, edits: Edits, near: Neighbours, rng: random.Random) -> Iterator[Question]:
    """Ways to say one thing, each beside the next, and beside something else."""
    for left, right in pairwise(said):
        yield _same("paraphrase", left, right, rng, true=True)
        chinese = not left.isascii()
        other = (edits.turned(right) if chinese and rng.random() < 0.5 else None) or near.text(number, chinese=chinese)
        if other not in said:
            yield _same("paraphrase", left, other, rng, true=False)


class Neighbours:
    """Sentences with much the same words: the other holder of the rarest pair of characters that is not unique."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs
        self._texts = texts = [zh for zh, _ in pairs]
        self._places: dict[str, list[int]] = {}
        for number, text in enumerate(texts):
            for gram in {text[at : at + 2] for at in range(len(text) - 1)}:
                self._places.setdefault(gram, []).append(number)

    def of(self, number: int) -> int:
        """The text that shares most pairs of characters with one, of those that share a rare one."""
        text = self._texts[number]
        grams = {text[at : at + 2] for at in range(len(text) - 1)}
        rare = sorted((g for g in grams if 1 < len(self._places[g]) < 200), key=lambda g: (len(self._places[g]), g))[:6]
        votes = Counter(other for gram in rare for other in self._places[gram] if self._texts[other] != text)
        return max(votes, key=lambda other: (votes[other], -other)) if votes else (number + 1) % len(self._texts)

    def text(self, number: int, *, chinese: bool) -> str:
        """The sentence beside one, in either language."""
        return self._pairs[self.of(number)][not chinese]


def _same(source: str, left: str, right: str, rng: random.Random, *, true: bool) -> Question:
    words, sides = rng.choice(SAME), [left, right]
    rng.shuffle(sides)
    return asked(source, rng.choice(ASK_SAME), (sides[0], sides[1]), words[not true], [words[true]], rng)


def _changed(texts: dict[str, list[str]], edits: Edits, rng: random.Random) -> Iterator[Question]:
    """A sentence reworded, or also changed."""
    for name in CHANGED:
        for text in rng.sample(texts[name], min(len(texts[name]), 4000)):
            parts = [part for part in sentences(text[:400]) if len(part) <= 45 and not part.isascii()]
            if not parts:
                continue
            sentence = rng.choice(parts)
            other = edits.reworded(sentence, 0.8)
            true = rng.random() < 0.5 and other != sentence
            if not true:
                other = edits.turned(other) or ""
            if other:
                yield _same("changed", sentence, other, rng, true=true)


def _follows(texts: dict[str, list[str]], edits: Edits, rng: random.Random) -> Iterator[Question]:
    """What a passage says, what contradicts it, and what it leaves open: all of them clauses, reworded."""
    for name in FOLLOWED:
        for text in rng.sample(texts[name], min(len(texts[name]), 5000)):
            parts = [part for part in sentences(text) if 12 <= len(part) <= 70]
            if len(parts) < 4:
                continue
            at = rng.randrange(len(parts) - 2)
            premise = parts[at] if len(parts[at]) > 30 else parts[at] + parts[at + 1]
            clauses = [clause for clause in re.split("[，。；！？,;!?]", premise) if 6 <= len(clause) <= 30]
            beyond = [clause for clause in re.split("[，。；！？,;!?]", parts[at + 2]) if 6 <= len(clause) <= 30]
            if not clauses or not beyond:
                continue
            answer = rng.randrange(3)
            clause = edits.reworded(rng.choice(beyond if answer == 1 else clauses))
            if answer == 2:
                clause = edits.turned(clause, only_against=True)
            elif answer == 1 and rng.random() < 0.3:  # a negation is not always a contradiction
                clause = edits.turned(clause, only_against=True) or clause
            if clause:
                words = rng.choice(FOLLOWS)
                ask = rng.choice(ASK_FOLLOWS)
                yield asked("follows", ask, (premise, clause), words[answer], list(words), rng)


def _kinds(texts: dict[str, list[str]], rng: random.Random) -> Iterator[Question]:
    """What an article of the encyclopaedia is about, from all of it but the words that say so."""
    found: list[tuple[str, str, str]] = []
    for text in texts["enwiki"]:
        title, _, body = text.partition("\n")
        match = _KIND.search(body[:300])
        if not match or match[1].split()[-1] in NO_KINDS:
            continue
        rest = clean(body[match.end() :]).lstrip(",.;() ")
        if len(rest) >= 60:
            found.append((clean(re.sub(r"\(.*?\)", "", title)), " ".join(match[1].split()[-2:]), rest))
    kinds = [kind for _, kind, _ in found]
    for title, kind, rest in found:
        right = kind if rng.random() < 0.5 else kind.split()[-1]
        wrong = [
            w if rng.random() < 0.5 else w.split()[-1]
            for w in rng.sample(kinds, min(len(kinds), rng.choice((3, 6, 12))))
        ]
        wrong = [w for w in wrong if w.split()[-1] != right.split()[-1]]
        if wrong and right.lower() not in title.lower():
            some = snippet(rest, rng, 40, 120) or rest[:200]
            yield asked("kind", rng.choice(ASK_KIND).format(title), (some,), right, wrong, rng, masked=True)
