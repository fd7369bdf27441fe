"""The bilingual tokenizer beside bert-base-chinese's scheme and a byte-level BPE of the same size and text.

    python -m benchmarks.tokenizer [--size 16384] [--sample 1500000]

Characters a token and tokens a second on held-out text of each genre, one thread. All are given the same texts in the
same run; the texts measured are the last of each source, and the vocabularies are learned from so many characters of
the beginning of each. Beside them the package's own vocabulary, learned from one and a half million of each, which of
small sources is all of it.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # before the library starts its threads

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from benchmarks.common import DATA, store
from danlu.corpus.vocabulary import SAMPLE, segmenter
from danlu.models.decoder import open_decoder
from danlu.text.normalize import tidy
from danlu.text.tokenizer import decode, encode, train_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
GENRES = {
    "essays": ["fudan", "sanwen"],
    "news": ["cctv"],
    "technology": ["lctt", "oi-wiki"],
    "questions": ["web-zh", "medical"],
    "dialogue": ["crosswoz", "counsel"],
    "social": ["weibo", "reviews"],
    "classical": ["classical"],
    "poems": ["poems"],
    "laws": ["laws"],
    "literature": ["literature"],
    "English encyclopaedia": ["enwiki"],
    "English novels": ["novels-en"],
    "English dialogue": ["dialogue-en"],
}
MEASURED = 300_000  # characters of a genre


@dataclass(frozen=True)
class Scheme:
    """How texts become ids, and ids a text where that is promised."""

    encode: Callable[[list[str]], list[list[int]]]
    decode: Callable[[list[int]], str] | None


def path_of(source: str) -> Path:
    return DATA / "text" / f"{source}.jsonl.xz"


def parted(source: str, characters: int, sample: int) -> tuple[list[str], list[str]]:
    """Texts of a source to learn from, from its beginning, and to measure on: its last ones, never the same."""
    with lzma.open(path_of(source), "rt", encoding="utf-8", newline="\n") as file:
        texts = [tidy(json.loads(line)["text"])[:20_000] for line in file]
    kept = len(texts)
    size = 0
    while kept > 0 and size < characters:
        kept -= 1
        size += len(texts[kept])
    held_out = texts[kept:]
    learned: list[str] = []
    size = 0
    for text in texts[:kept]:
        learned.append(text)
        size += len(text)
        if size > sample:
            break
    return learned, held_out


def ids_of(tokenizer: Tokenizer) -> Callable[[list[str]], list[list[int]]]:
    return lambda texts: [found.ids for found in tokenizer.encode_batch(texts, add_special_tokens=False)]


def ours(tokenizer: Tokenizer) -> Scheme:
    return Scheme(lambda texts: encode(tokenizer, texts), lambda ids: decode(tokenizer, ids))


def byte_level(texts: Iterator[str], size: int) -> Scheme:
    """A plain byte-level BPE, as GPT-2's."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return Scheme(ids_of(tokenizer), tokenizer.decode)


def a_character_a_token(texts: Iterator[str], size: int) -> Scheme:
    """The scheme of bert-base-chinese: hanzi one by one, word pieces for the rest."""
    from tokenizers import BertWordPieceTokenizer

    tokenizer = BertWordPieceTokenizer(lowercase=False, handle_chinese_chars=True)
    tokenizer.train_from_iterator(texts, vocab_size=size, min_frequency=2, show_progress=False)
    return Scheme(ids_of(tokenizer), None)  # it is not made to give texts back


def measured(scheme: Scheme, texts: list[str]) -> dict[str, Any]:
    best, ids = float("inf"), []
    for _ in range(3):
        began = time.perf_counter()
        ids = scheme.encode(texts)
        best = min(best, time.perf_counter() - began)
    characters, tokens = sum(map(len, texts)), sum(map(len, ids))
    result: dict[str, Any] = {
        "characters_a_token": round(characters / tokens, 3),
        "tokens_a_second": round(tokens / best),
        "characters_a_second": round(characters / best),
    }
    if scheme.decode:
        exact = sum(scheme.decode(i) == text for i, text in zip(ids, texts, strict=True))
        result["given_back"] = exact / len(texts)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, default=16_384)
    parser.add_argument("--sample", type=int, default=SAMPLE, help="characters of a source to learn from")
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    arguments = parser.parse_args()
    learned: list[str] = []
    held_out: dict[str, list[str]] = {}
    for genre, sources in GENRES.items():
        parts = [parted(source, MEASURED // len(sources), arguments.sample) for source in sources]
        learned += [text for part, _ in parts for text in part]
        held_out[genre] = [text for _, part in parts for text in part]
    made = {
        "the package's": ours(open_decoder().tokenizer),
        "danlu": ours(train_tokenizer(lambda: learned, arguments.size, segment=segmenter())),
        "danlu, pieces anywhere": ours(train_tokenizer(lambda: learned, arguments.size)),
        "byte-level BPE": byte_level(iter(learned), arguments.size),
        "a character a token": a_character_a_token(iter(learned), arguments.size),
    }
    results: dict[str, dict[str, Any]] = {}
    for genre, texts in held_out.items():
        results[genre] = {name: measured(scheme, texts) for name, scheme in made.items()}
        row = "  ".join(f"{name} {found['characters_a_token']:.2f}" for name, found in results[genre].items())
        print(f"{genre:<24}{row}", flush=True)
    store(arguments.out, {"size": arguments.size, "sample": arguments.sample, "genres": results})


if __name__ == "__main__":
    main()
