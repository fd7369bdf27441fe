"""Cleaned text in tokens, packed to be carried to a machine with a GPU that has no tokenizer and little time.

    python -m recipes.packed --text TEXT --data DATA --out PACK

Knows which sources are packed, how much of each, and the files. A file is a stream of uint16, compressed by xz:

- `encoder/SOURCE.xz`: documents in the encoder's tokens, [CLS] before each and [SEP] after each of its sentences;
- `parallel.xz`: pairs of translations in the encoder's tokens, [CLS] Chinese [SEP] English [SEP];
- `decoder/SOURCE.xz`: documents in the decoder's tokens, each between its marks of start and end;
- `held-out.xz` and `held-out/encoder/SOURCE.xz`: the same of text that is not trained on.
"""

from __future__ import annotations

import argparse
import lzma
import re
import sys
from itertools import islice
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from danlu.corpus.prepare import texts_of
from danlu.corpus.shards import open_shard
from danlu.models.base import open_base
from danlu.text.tokenizer import START, open_tokenizer
from recipes.base_encoder import Recipe, evaluated, parallel_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

CLS, SEP = 2, 3  # of the encoder's vocabulary
# Millions of tokens of each source, for the encoder and for the decoder.
MILLIONS = {
    "fudan": (24, 5), "cctv": (8, 5), "lctt": (10, 6), "wiki-zh": (4, 4), "blog": (3, 3), "weekly": (4, 4),
    "web-zh": (3, 3), "sanwen": (4, 4), "weibo": (8, 6), "reviews": (5, 5), "zhihu-titles": (6, 4), "sms": (2, 2),
    "counsel": (8, 6), "medical": (3, 3), "crosswoz": (2, 2), "forum": (2, 2), "recipes": (2, 2), "oi-wiki": (1, 0.3),
    "literature": (3, 5), "modern": (3, 7), "classical": (0, 5), "poems": (0, 6), "laws": (1, 0.5), "enwiki": (12, 6),
    "novels-en": (3, 6), "dialogue-en": (2, 3), "speeches-en": (0.5, 0.5),
}  # fmt: skip
SHORTEST = 8  # characters of a sentence that stands alone
LONGEST = 6000  # characters of a document that are read
_ENDS = re.compile(r"(?<=[。！？!?；])|\n|(?<=\.) ")
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 0, "lp": 1, "pb": 1}]  # two bytes a token


def sentences(document: str) -> list[str]:
    """A document's lines and sentences; what is very short goes with what comes before it."""
    found: list[str] = []
    for part in _ENDS.split(document[:LONGEST]):
        text = part.strip()
        if not text:
            continue
        if len(found) > 1 and len(text) < SHORTEST:
            found[-1] += text
        else:
            found.append(text)
    return found


def as_sentences(documents: Iterable[str], tokenizer: Tokenizer, limit: float) -> Iterator[NDArray[np.uint16]]:
    """Documents for the encoder, until so many tokens are reached."""
    documents = iter(documents)
    while limit > 0 and (block := [sentences(document) for document in islice(documents, 500)]):
        ids = iter(tokenizer.encode_batch([part for parts in block for part in parts], add_special_tokens=False))
        for parts in block:
            if limit <= 0:
                return
            tokens = [CLS]
            for _ in parts:
                found = next(ids).ids
                tokens += [*found, SEP] if found else []
            if len(tokens) > 1:
                yield np.array(tokens, np.uint16)
            limit -= len(tokens)


def as_written(text: Path, source: str, limit: float) -> Iterator[NDArray[np.uint16]]:
    """Documents for the decoder: pieces of the shard joined again."""
    shard = open_shard(text / source)
    for index in range(len(shard.lengths)):
        piece = shard.piece(index)
        if piece[0] == START:
            if limit <= 0:
                return
            yield piece
        else:
            yield piece[1:]  # its first token ended the piece before
        limit -= len(piece)


def pack(parts: Iterable[NDArray[np.uint16]], path: Path) -> int:
    """Writes a stream; how many tokens it has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = np.concatenate([np.zeros(0, np.uint16), *parts])
    partial = path.with_suffix(".partial")
    partial.write_bytes(lzma.compress(stream.astype("<u2").tobytes(), format=lzma.FORMAT_XZ, filters=_FILTERS))
    partial.replace(path)
    return len(stream)


def unpack(path: Path) -> NDArray[np.uint16]:
    """What `pack` wrote."""
    return np.frombuffer(lzma.decompress(path.read_bytes()), "<u2")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder with parallel/ and the evaluation sets")
    parser.add_argument("--text", type=Path, required=True, help="the folder of recipes.base_decoder")
    parser.add_argument("--out", type=Path, required=True, help="where the files go; what is there stays")
    parser.add_argument("--sources", nargs="+", default=list(MILLIONS), help="of the text")
    arguments = parser.parse_args()
    base, written = open_base().tokenizer, open_tokenizer(arguments.text / "tokenizer.json")
    for source in tqdm(arguments.sources, desc="sources"):
        folder = arguments.text / "text"
        for_encoder, for_decoder = (1_000_000 * share for share in MILLIONS[source])
        path = arguments.out / "encoder" / f"{source}.xz"
        if for_encoder and not path.exists():
            count = pack(as_sentences(texts_of(written, open_shard(folder / source)), base, for_encoder), path)
            print(f"{source}: {count} tokens, {path.stat().st_size} bytes", file=sys.stderr, flush=True)
        path = arguments.out / "decoder" / f"{source}.xz"
        if not path.exists():
            count = pack(as_written(folder, source, for_decoder), path)
            print(f"{source}: {count} tokens, {path.stat().st_size} bytes", file=sys.stderr, flush=True)
        path = arguments.out / "held-out" / "encoder" / f"{source}.xz"
        if for_encoder and not path.exists():
            pack(as_sentences(texts_of(written, open_shard(folder / f"{source}.held-out")), base, for_encoder), path)
    path = arguments.out / "held-out.xz"
    if not path.exists():
        names = [f"{source}.held-out" for source in arguments.sources]
        pack((part for name in names for part in as_written(arguments.text / "text", name, inf)), path)
    path = arguments.out / "parallel.xz"
    if not path.exists():
        pairs = parallel_pairs(arguments.data, Recipe(parallel=260_000), evaluated(arguments.data))
        sides = base.encode_batch([side for pair in pairs for side in pair], add_special_tokens=False)
        rows = zip(sides[::2], sides[1::2], strict=True)
        pack((np.array([CLS, *zh.ids, SEP, *en.ids, SEP], np.uint16) for zh, en in rows), path)


if __name__ == "__main__":
    main()
