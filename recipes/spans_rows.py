"""Rows for the general extractor: sentences of the text at hand, marked by `spans_zh` and `spans_en`.

    python -m recipes.spans_rows --text TEXT --data DATA --out ROWS

Needs babel (names of countries and languages), jieba and opencc. Sentences that share 13 characters in a row with an
evaluation text are left out. Writes `zh.jsonl` and `en.jsonl`, whole or not at all. Knows sources and how many rows of
each; does not know models.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import re
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from danlu.archive import write_whole
from danlu.corpus.overlap import Guard
from danlu.corpus.prepare import evaluation_texts
from recipes import spans_en, spans_zh
from recipes.base_encoder import EVALUATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Rows of each Chinese source; the encyclopedia is the English one.
ZH = {
    "cctv": 16_000, "fudan": 14_000, "wiki-zh": 8_000, "literature": 3_000, "weibo": 3_000, "blog": 3_000,
    "web-zh": 3_000, "weekly": 3_000, "sanwen": 2_000, "crosswoz": 3_000, "medical": 4_000, "reviews": 2_000,
    "zhihu-titles": 4_000, "laws": 1_000, "lctt": 3_000, "modern": 3_000,
}  # fmt: skip
EN = 60_000
BARE = 0.1  # share of rows with nothing in them
SHORTEST, LONGEST = 10, 140  # characters of a Chinese sentence
READ = 6_000  # characters of a document
CHUNK = 3_000  # articles whose sentences are compared with evaluation texts at a time
_ENDS = re.compile(r"(?<=[。！？!?；;])|\n")
# Cards of the encyclopedia repeat a few kinds without end; a row is kept with this chance where it has no other.
_COMMON = {"date", "quantity", "percentage", "money"}


def chinese(text: Path, guard: Guard, rng: random.Random) -> Iterator[dict[str, Any]]:
    """Marked sentences of every Chinese source."""
    import jieba
    import jieba.posseg
    import opencc
    from babel import Locale

    locale = Locale("zh")
    known = {str(name): ("country", "place") for code, name in locale.territories.items() if not code.isdigit()}
    known |= {str(name): ("language",) for name in locale.languages.values()}
    simplified = opencc.OpenCC("t2s")
    for source, most in ZH.items():
        found: list[dict[str, Any]] = []
        for sentence in tqdm(islice(_of_source(text / f"{source}.jsonl.xz", rng), most), total=most, desc=source):
            written = simplified.convert(sentence)
            words = [(word.word, word.flag) for word in jieba.posseg.cut(written)]
            marks = spans_zh.marks_of(written, words, known, jieba.dt.FREQ)
            if _worth(marks, rng):
                found.append(_row(written, marks, [], source))
        yield from _apart(found, guard)


def _of_source(path: Path, rng: random.Random) -> Iterator[str]:
    """Sentences spread over the documents of a source."""
    found = documents(path)
    rng.shuffle(found)
    for document in found:
        parts = [part.strip() for part in _ENDS.split(document)]
        fitting = [part for part in parts if SHORTEST <= len(part) <= LONGEST]
        yield from rng.sample(fitting, min(12, len(fitting)))


def documents(path: Path) -> list[str]:
    """The beginnings of all documents of a source."""
    with lzma.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        return [json.loads(line)["text"][:READ] for line in lines]


def english(text: Path, guard: Guard, rng: random.Random) -> Iterator[dict[str, Any]]:
    """Marked sentences of the encyclopedia."""
    from babel import Locale

    articles = documents(text / "enwiki.jsonl.xz")
    subjects = spans_en.Subjects(articles)
    locale = Locale("en")
    subjects.add((str(name) for code, name in locale.territories.items() if not code.isdigit()), ("country", "place"))
    subjects.add((str(name) for name in locale.languages.values()), ("language",))
    rng.shuffle(articles)
    bar = tqdm(total=len(articles), desc="enwiki")
    for start in range(0, len(articles), CHUNK):
        found: list[dict[str, Any]] = []
        for article in articles[start : start + CHUNK]:
            bar.update()
            own = spans_en.subject_of(article)
            for sentence in islice(spans_en.sentences(article), 24):
                marks = subjects.marks_of(sentence, own)
                if _worth(marks, rng):
                    found.append(_row(sentence, marks, spans_en.unknown(sentence, marks), "enwiki"))
        yield from _apart(found, guard)


def _apart(rows: list[dict[str, Any]], guard: Guard) -> list[dict[str, Any]]:
    """The rows that share nothing with an evaluation text."""
    cleared = guard.clear([row["text"] for row in rows])
    return [row for row, (_, removed) in zip(rows, cleared, strict=True) if not removed]


def _worth(marks: list[spans_zh.Mark], rng: random.Random) -> bool:
    """Whether a row is kept: most of those with nothing in them, or hardly anything, are not."""
    kinds = {kinds[0] for _, _, kinds in marks}
    return rng.random() < (1.0 if kinds - _COMMON else 0.2 if kinds else BARE)


def _row(text: str, marks: list[spans_zh.Mark], unknown: list[tuple[int, int]], source: str) -> dict[str, Any]:
    return {"text": text, "marks": marks, "unknown": unknown, "source": source}


def write(rows: Iterable[dict[str, Any]], path: Path, most: int, seed: int) -> None:
    """Writes rows, in any order, and says how many of each kind they have."""
    found = list(islice(rows, most))
    random.Random(seed).shuffle(found)
    counts = Counter(kind for row in found for _, _, kinds in row["marks"] for kind in kinds)
    write_whole(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found).encode(), force=True)
    print(f"{path}: {len(found):,} rows; {counts.most_common(60)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--text", type=Path, required=True, help="the folder of SOURCE.jsonl.xz")
    parser.add_argument("--data", type=Path, required=True, help="the folder of evaluation texts, which are left out")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    guard = Guard(evaluation_texts([arguments.data / name for name in EVALUATION]))
    for name, make, most in (("zh", chinese, sum(ZH.values())), ("en", english, EN)):
        rows = make(arguments.text, guard, random.Random(arguments.seed))
        write(rows, arguments.out / f"{name}.jsonl", most, arguments.seed)


if __name__ == "__main__":
    main()
