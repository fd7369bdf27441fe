"""Multiple-choice questions made from text that nobody labelled: titles, subjects, genres, gaps, what comes next.

Knows how each source is laid out: which have a title in the first line, which are of one genre. Does not know tokens,
models or training.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from danlu.corpus.formats import read_rows
from danlu.text.normalize import clean
from recipes.choice_rows import asked
from recipes.choice_topics import SCIENCES, SECTIONS, subjects

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from recipes.choice_rows import Question

GAP = "____"
READ_OF_A_TEXT = 12_000  # characters
MOST_OF_AN_IDIOM = 60
LONG = 1000  # characters of a text that is asked about several times
READ = {"zhihu-titles": 178_000, "poems": 3000, "cctv": 9000, "fudan": 9390, "enwiki": 16_900, "reviews": 20_000}
# Rows of these; 5,000 of the others.
TITLED = ("cctv", "fudan", "lctt", "enwiki", "medical", "counsel", "forum")
ASK_TITLE = (
    "这段文字的标题是什么？", "哪个标题属于这段文字？", "下面哪个是它的题目？", "这段话讲的是什么？",
    "Which title belongs to this passage?", "What is this text about?",
)  # fmt: skip
ASK_PASSAGE = ("哪段文字是这个标题的内容？", "这个标题对应哪段话？", "Which passage has this title?")
ASK_NEXT = ("下一句是什么？", "接下来的句子是？", "哪句话接在后面最合适？", "Which sentence comes next?")
ASK_GAP = ("空格处应填什么？", "哪个词填入横线处最合适？", f"{GAP}处应该填哪个词？", "Which word fills the gap?")
ASK_IDIOM = ("空格处应填哪个成语？", "哪个成语填入横线处最合适？", f"{GAP}处填什么成语？", "空缺处的成语是？")
ASK_SUBJECT = (
    "这段文字属于什么类别？", "这是什么主题？", "下面的文本是关于什么的？", "这条新闻是什么类别？",
    "文章属于哪个领域？", "", "What is the topic of this text?",
)  # fmt: skip
ASK_FIELD = ("这篇文章属于哪个学科？", "这段摘要属于哪个领域？", "这是哪个专业的论文？", "论文的研究方向是？", "")
ASK_GENRE = ("这段文字的体裁是什么？", "这段文字出自哪里？", "这是哪种文本？", "What kind of text is this?")
ASK_KEYWORDS = ("这些关键词都符合这篇摘要吗？", "关键词是否全部来自这篇文章？", "摘要与关键词是否相符？")
ASK_WHICH_KEYWORDS = ("这篇文章的关键词是？", "哪组关键词属于这篇摘要？", "Which keywords belong to the text?")
ASK_REFERS = ("句中的{}指的是{}吗？", "“{}”是指“{}”吗？", "代词{}指代{}，对吗？")
ASK_TRANSLATION = ("哪句话是它的翻译？", "它的意思是？", "Which sentence is its translation?", "What does it mean?")
YES_NO = (("是", "不是"), ("是的", "不是"), ("对", "不对"), ("正确", "错误"), ("符合", "不符合"), ("yes", "no"))
GENRES = {
    "cctv": ("时政新闻", "电视新闻", "新闻报道"), "fudan": ("学术论文", "论文", "期刊文章"),
    "poems": ("古诗", "诗词", "古典诗歌"), "laws": ("法律条文", "法规"), "literature": ("现代文学", "小说散文"),
    "lctt": ("技术教程", "开源技术文章"), "counsel": ("心理咨询", "情感求助"), "medical": ("医疗问答", "问医生"),
    "recipes": ("菜谱", "做菜方法"), "weibo": ("微博", "网友闲聊"), "zhihu-titles": ("知乎问题", "网友提问"),
    "reviews": ("影评", "观众短评"), "sms": ("短信", "手机短信"), "sanwen": ("抒情散文", "散文"),
    "wiki-zh": ("百科", "百科全书"), "modern": ("古文今译", "史书译文"), "classical": ("文言文", "古文"),
    "oi-wiki": ("算法竞赛教程", "算法讲义"), "crosswoz": ("客服对话", "订酒店的对话"),
    "enwiki": ("English encyclopedia", "英文百科"), "novels-en": ("English novel", "英文小说"),
    "dialogue-en": ("assistant dialogue", "英文对话"), "speeches-en": ("political speech", "英文演讲"),
}  # fmt: skip
_SENTENCE = re.compile(r"(?<=[。！？!?；])|(?<=\. )|\n")


def read_text(data: Path) -> dict[str, list[str]]:
    """Texts of every source, as far as they are read."""
    out: dict[str, list[str]] = {}
    for path in sorted((data / "text").glob("*.jsonl.xz")):
        name = path.name.split(".", 1)[0]
        most = READ.get(name, 5000)
        out[name] = []
        for _, row in read_rows(path):
            if not misread(row["text"][:200]):
                out[name].append(row["text"][:READ_OF_A_TEXT])
            if len(out[name]) >= most:
                break
    return out


def misread(text: str) -> bool:
    """Whether a text was decoded by the wrong table: hanzi that GB 2312 lacks, and the most usual of these."""
    hanzi = re.findall("[\u4e00-\u9fff]", text)
    rare = sum(not character.encode("gb2312", "ignore") for character in hanzi)
    return rare > 0.3 * len(hanzi) and "銆" in text


def made(data: Path, texts: dict[str, list[str]], rng: random.Random) -> Iterator[Question]:
    """Every question that unlabelled text gives; capped by whoever draws from them."""
    yield from _titles(texts, rng)
    yield from _subjects(texts, rng)
    yield from _genres(texts, rng)
    yield from _idioms(texts, rng)
    yield from _words(texts, rng)
    yield from _next(texts, rng)
    yield from _keywords(texts, rng)
    yield from _pronouns(texts, rng)
    yield from _translations(data, rng)


def sentences(text: str) -> list[str]:
    """Sentences of some length."""
    return [part for part in (clean(part) for part in _SENTENCE.split(text) if part) if len(part) >= 8]


def snippet(text: str, rng: random.Random, least: int = 40, most: int = 160) -> str:
    """A run of sentences from anywhere in a text; Chinese characters count once, Latin text may be twice as long."""
    parts = sentences(text)
    if not parts:
        return ""
    out, start = "", rng.randrange(max(1, len(parts) - 2))
    wanted = rng.randint(least, most) * (2 if parts[start].isascii() else 1)
    for part in parts[start:]:
        out += (" " if part.isascii() and out else "") + part
        if len(out) >= wanted:
            break
    return out[: int(wanted * 1.3)]


def _titles(texts: dict[str, list[str]], rng: random.Random) -> Iterator[Question]:
    for name in TITLED:
        pairs: list[tuple[str, str]] = []
        for text in texts[name]:
            title, _, rest = text.strip().partition("\n")
            title, body = clean(title), snippet(rest, rng)
            if 4 <= len(title) <= 50 and len(body) >= 25 and title[:12] not in body and "联播快讯" not in title:
                pairs.append((title, body))
        for title, body in pairs:
            others = rng.sample(pairs, min(len(pairs), rng.choice((2, 4, 7))))
            if rng.random() < 0.7:
                wrong = [other for other, _ in others]
                yield asked(f"title {name}", rng.choice(ASK_TITLE), (body,), title, wrong, rng, masked=True)
            else:
                wrong = [other[:60] for _, other in others[:4]]
                yield asked(f"title {name}", rng.choice(ASK_PASSAGE), (title,), body[:60], wrong, rng)


def _subjects(texts: dict[str, list[str]], rng: random.Random) -> Iterator[Question]:
    plans = (
        ("section", SECTIONS, ASK_SUBJECT, ("zhihu-titles", "cctv", "weibo", "web-zh", "medical", "weekly", "counsel")),
        ("science", SCIENCES, ASK_FIELD, ("fudan", "wiki-zh", "oi-wiki")),
    )
    for kind, listed, questions, sources in plans:
        known = subjects(listed)
        found = _about(known, kind, [(name, text) for name in sources for text in texts[name]], rng)
        for number, rows in sorted(found.items()):
            for whole in rng.sample(rows, min(len(rows), 420 if kind == "section" else 200)):
                some = whole
                if rng.random() < 0.5:  # what it was found by is taken out: the rest must do
                    words = "|".join(sorted(map(re.escape, known[number][1]), key=len, reverse=True))
                    rest = re.sub(words, lambda _: rng.choice(("", "某")), whole)
                    some = rest if len(rest) >= 8 else whole
                others = rng.sample(range(len(known)), rng.choice((2, 5, 9, 14, 24)))
                wrong = [rng.choice(known[n][0]) for n in others if n != number]
                right = rng.choice(known[number][0])
                yield asked(kind, rng.choice(questions), (some[:180],), right, wrong, rng, masked=len(some) > 60)


def _about(
    known: list[tuple[tuple[str, ...], tuple[str, ...]]], kind: str, rows: list[tuple[str, str]], rng: random.Random
) -> dict[int, list[str]]:
    """Passages of each subject: those that hold words of it, and of no other half as many."""
    of_word: dict[str, set[int]] = {}
    for number, (_, words) in enumerate(known):
        for word in words:
            of_word.setdefault(word, set()).add(number)
    pattern = re.compile("|".join(sorted(map(re.escape, of_word), key=len, reverse=True)))
    found: dict[int, list[str]] = {}
    for name, text in rows:
        short = name == "zhihu-titles"
        for _ in range(1 if short else 8 if kind == "science" else 2):
            some = clean(text) if short else _headed(text, rng)
            votes = Counter(n for word in set(pattern.findall(some)) for n in of_word[word])
            best = votes.most_common(2)
            if not best or len(some) < 8 or (len(best) > 1 and best[1][1] * 2 > best[0][1]):
                continue
            if best[0][1] >= (1 if len(some) < 45 else 2):
                found.setdefault(best[0][0], []).append(some)
    return found


def _headed(text: str, rng: random.Random) -> str:
    """A title with what comes after it, or a passage from anywhere."""
    return clean(text[: rng.randint(20, 160)]) if rng.random() < 0.4 else snippet(text, rng)


def _genres(texts: dict[str, list[str]], rng: random.Random) -> Iterator[Question]:
    for name, names in GENRES.items():
        for text in rng.sample(texts[name], min(len(texts[name]), 160)):
            some = snippet(text, rng, 15, 90) or clean(text)[:60]
            others = rng.sample(sorted(GENRES), rng.choice((2, 4, 9)))
            wrong = [rng.choice(GENRES[other]) for other in others if other != name]
            yield asked("genre", rng.choice(ASK_GENRE), (some,), rng.choice(names), wrong, rng)


def _idioms(texts: dict[str, list[str]], rng: random.Random) -> Iterator[Question]:
    import jieba

    with jieba.get_dict_file() as file:
        entries = [line.decode("utf-8").split() for line in file]
    idioms = {word for word, _, tag in entries if len(word) == 4 and tag == "i"}
    places: list[tuple[str, str]] = []
    for name in ("cctv", "fudan", "sanwen", "literature", "weibo", "web-zh", "counsel", "modern", "weekly", "blog",
                 "zhihu-titles", "wiki-zh", "lctt"):  # fmt: skip
        for text in texts[name]:
            line = clean(text)
            for run in re.finditer("[\u4e00-\u9fff]{4,}", line):
                for start in range(run.start(), run.end() - 3):
                    word = line[start : start + 4]
                    if word in idioms:
                        before, after = rng.randint(15, 70), rng.randint(15, 70)
                        left, right = line[max(0, start - before) : start], line[start + 4 : start + 4 + after]
                        if word not in left + right:
                            places.append((word, left + GAP + right))
    counts = Counter(word for word, _ in places)
    rng.shuffle(places)
    drawn: Counter[str] = Counter()
    common = [word for word, count in counts.items() for _ in range(min(count, 10))]
    for word, passage in places:
        drawn[word] += 1
        if drawn[word] > MOST_OF_AN_IDIOM:
            continue
        wrong = rng.sample(common, rng.choice((3, 6, 6)))
        yield asked("idiom", rng.choice(ASK_IDIOM), (passage,), word, wrong, rng)


def _words(texts: dict[str, list[str]], rng: random.Random) -> Iterator[Question]:
    import jieba

    jieba.setLogLevel(40)
    for name in ("cctv", "fudan", "sanwen", "literature", "zhihu-titles", "lctt", "weibo", "enwiki", "novels-en"):
        english = name in ("enwiki", "novels-en")
        cut: list[list[str]] = []
        for text in [t for t in texts[name][:5000] for _ in range(1 if len(t) < LONG else 4)]:
            some = snippet(text, rng, 20, 80) or clean(text)[:80]
            cut.append(re.findall(r"\w+|\W+", some) if english else list(jieba.cut(some, HMM=False)))
        least = 5 if english else 2
        pool = [word for words in cut for word in words if len(word) >= least and word.isalpha()]
        for words in cut:
            places = [n for n, word in enumerate(words) if len(word) >= least and word.isalpha()]
            if not places:
                continue
            at = rng.choice(places)
            passage = "".join([*words[:at], GAP, *words[at + 1 :]])
            if words[at] not in passage:
                wrong = rng.sample(pool, rng.choice((3, 6)))
                yield asked("word", rng.choice(ASK_GAP), (passage,), words[at], wrong, rng)


def _next(texts: dict[str, list[str]], rng: random.Random) -> Iterator[Question]:
    for name in ("cctv", "fudan", "sanwen", "lctt", "literature", "counsel", "weibo", "enwiki", "dialogue-en"):
        pool: list[str] = []
        for text in rng.sample(texts[name], min(4000, len(texts[name]))):
            parts = [part[:70] for part in sentences(text)]
            if len(parts) >= 5:
                at = rng.randrange(1, len(parts) - 2)
                wrong = [parts[n] for n in rng.sample(range(len(parts)), 3) if n not in (at, at - 1)][:1]
                wrong += rng.sample(pool, min(len(pool), 2))
                before = "".join(parts[max(0, at - 2) : at])
                if wrong:
                    yield asked("next", rng.choice(ASK_NEXT), (before,), parts[at], wrong, rng, masked=True)
                pool.append(parts[at])


def _keywords(texts: dict[str, list[str]], rng: random.Random) -> Iterator[Question]:
    """Words that stand for a text (TF-IDF, nouns), against ones of it that do not, and ones of other texts."""
    import jieba.analyse

    kept: list[tuple[str, list[str], list[str]]] = []
    for name, most in (("fudan", 9000), ("cctv", 2000), ("lctt", 1500)):
        for text in rng.sample(texts[name], min(most, len(texts[name]))):
            some = snippet(text, rng, 90, 170)
            tags = jieba.analyse.extract_tags(text[:800], topK=12, allowPOS=("n", "nz", "vn", "l", "ns", "nr"))
            plain = [word for word in jieba.cut(some, HMM=False) if len(word) >= 2 and word.isalpha()]
            usual = [word for word in dict.fromkeys(plain) if word not in tags]
            if len(tags) >= 6 and len(usual) >= 4:
                kept.append((some, tags, usual))
    for some, tags, usual in kept:
        good = rng.sample(tags[:7], rng.randint(2, 4))
        turn = rng.random()
        if turn < 0.4:
            sets = ["、".join(rng.sample(other[:7], len(good))) for _, other, _ in rng.sample(kept, 4)]
            yield asked("keywords", rng.choice(ASK_WHICH_KEYWORDS), (some,), "、".join(good), sets, rng)
            continue
        true = rng.random() < 0.5
        if not true:
            other = rng.choice(kept)[1]
            for n in rng.sample(range(len(good)), rng.randint(1, len(good) - 1)):
                good[n] = rng.choice(usual) if rng.random() < 0.6 else rng.choice(other)
        words = rng.choice(YES_NO)
        sides = (some, "关键词：" + "、".join(good))
        yield asked("keywords", rng.choice(ASK_KEYWORDS), sides, words[not true], [words[true]], rng)


def _pronouns(texts: dict[str, list[str]], rng: random.Random) -> Iterator[Question]:
    """A name that comes twice, the second time as a pronoun; against another name of the passage."""
    import jieba.posseg

    for name in ("literature", "modern", "cctv", "sanwen", "fudan"):
        for text in rng.sample(texts[name], min(4000, len(texts[name]))):
            some = snippet(text, rng, 50, 130)
            tagged = [(p.word, p.flag) for p in jieba.posseg.cut(some, HMM=False)]
            things = Counter(word for word, flag in tagged if flag in ("nr", "n", "ns", "nt") and len(word) >= 2)
            twice = [word for word, count in things.items() if count >= 2]
            others = [word for word in things if word not in twice[:1]]
            if not twice or not others:
                continue
            word = twice[0]
            person = any(flag == "nr" for spelt, flag in tagged if spelt == word)
            pronoun = rng.choice(("他", "她")) if person else rng.choice(("它", "它们", "他们"))
            first = some.index(word) + len(word)
            at = some.index(word, first)
            passage = f"{some[:at]}{pronoun}{some[at + len(word) :]}"
            true = rng.random() < 0.5
            who = word if true else rng.choice(others)
            said = rng.choice(YES_NO)
            ask = rng.choice(ASK_REFERS).format(pronoun, who)
            yield asked("pronoun", ask, (passage,), said[not true], [said[true]], rng)


def _translations(data: Path, rng: random.Random) -> Iterator[Question]:
    pairs: list[tuple[str, str]] = []
    path = min((data / "parallel").glob("*.gz"))
    for _, row in read_rows(path):
        zh, en = clean(row["zh"]), clean(row["en"])
        if 6 <= len(zh) <= 60 and 12 <= len(en) <= 180:
            pairs.append((zh, en))
        if len(pairs) >= 20_000:
            break
    for pair in rng.sample(pairs, min(8000, len(pairs))):
        way = rng.randrange(2)
        wrong = [other[way] for other in rng.sample(pairs, 3)]
        yield asked("translation", rng.choice(ASK_TRANSLATION), (pair[1 - way],), pair[way], wrong, rng)
