"""Raw text to token shards: the way of a source, one visible sequence.

rows → tidy → simplify → repeats → near repeats → evaluation texts → tokens → pieces → shard

Knows the order and the counts. Does not know how a vocabulary was made or who trains on the shards. Texts go through in
blocks; what grows with a source is a hash a document and a number a piece.
"""

from __future__ import annotations

import sys
import zlib
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from danlu.corpus.dedup import near_duplicates
from danlu.corpus.examples import single_texts
from danlu.corpus.formats import READERS, extension, read_rows
from danlu.corpus.overlap import Guard, Seen
from danlu.corpus.shards import Shard, ShardWriter, open_shard
from danlu.errors import DataError, MissingExtra
from danlu.text.normalize import tidy
from danlu.text.tokenizer import END, START, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from tokenizers import Tokenizer

_BLOCK = 4_000_000  # characters of the documents that go through together
_PART = 400  # characters of the beginning, the middle and the end by which long documents are compared
_PIECES_OF_A_DOCUMENT = 1_000_000  # characters tokenised at a time, so that one huge row is no trouble


@dataclass(frozen=True)
class Cleaning:
    """What happens to a source's text; part of what its shards depend on.

    Attributes:
        context: tokens of the longest piece, the marks of a document's start and end among them.
        shortest: characters of the shortest document that is kept.
        held_out: one document in so many is kept for measuring.
        simplify: traditional hanzi become simplified (OpenCC).
        column: of the texts, found by name or content if None.
    """

    context: int = 512
    shortest: int = 4
    held_out: int = 200
    simplify: bool = False
    column: str | None = None


def cleaned(texts: Iterable[str], cleaning: Cleaning, seen: Seen, guard: Guard, counts: Counter[str]) -> Iterator[str]:
    """Documents that may be trained on; what goes is counted under its reason."""
    spell = spelling(cleaning)
    for raw in _blocks(texts):
        counts["documents"] += len(raw)
        counts["characters"] += sum(map(len, raw))
        block = [spell(text) for text in raw]
        block = _without([len(text) < cleaning.shortest for text in block], block, "short", counts)
        block = _without(seen.again(block), block, "repeated", counts)
        again = {later for later, _ in near_duplicates([_gist(text) for text in block])}
        block = _without([index in again for index in range(len(block))], block, "nearly_repeated", counts)
        for left, removed in guard.clear(block):
            text = tidy(left) if removed else left
            counts["evaluation_sentences"] += removed
            counts["evaluation_documents"] += removed > 0
            if len(text) >= cleaning.shortest:
                counts["kept_documents"] += 1
                counts["kept_characters"] += len(text)
                yield text


def prepare(
    path: Path,
    folder: Path,
    tokenizer: Tokenizer,
    cleaning: Cleaning,
    seen: Seen,
    guard: Guard,
    progress: Callable[[int], object] | None = None,
) -> tuple[Shard, Shard]:
    """Makes the shards `folder/NAME` and `folder/NAME.held-out` of one source.

    Args:
        path: any file of rows that danlu reads.
        folder: where the shards go.
        tokenizer: of at most 65,536 tokens.
        cleaning: what happens to the text.
        seen: the documents of earlier sources; this one's are added.
        guard: the texts that must stay unseen.
        progress: called with the characters of each text.

    Returns:
        The shard to train on, and the one to measure on.

    Raises:
        DataError: the file cannot be read, or has no column of texts.
    """
    name = source_name(path)
    counts: Counter[str] = Counter()
    measured = 0
    with ExitStack() as stack:
        train = stack.enter_context(ShardWriter(folder / name))
        held_out = stack.enter_context(ShardWriter(folder / f"{name}.held-out"))
        texts = single_texts(path, text=cleaning.column)
        for text in cleaned(_told(texts, progress), cleaning, seen, guard, counts):
            apart = zlib.crc32(text.encode()) % cleaning.held_out == 0
            measured += len(text) if apart else 0
            for piece in pieces_of(tokenizer, text, cleaning.context):
                (held_out if apart else train).append(piece)
        about = {"source": name, "context": cleaning.context, "removed_and_kept": dict(counts)}
        train.finish({**about, "tokens": train.tokens, "characters": counts["kept_characters"] - measured})
        held_out.finish({**about, "tokens": held_out.tokens, "characters": measured}, seen=seen.hashes)
    return open_shard(folder / name), open_shard(folder / f"{name}.held-out")


def prepare_all(
    paths: Sequence[Path],
    folder: Path,
    tokenizer: Tokenizer,
    cleaning: Cleaning,
    *,
    keep_out: Sequence[Path] = (),
    quiet: bool = False,
) -> list[tuple[Shard, Shard]]:
    """Makes the shards that are missing, source after source; a document of an earlier one does not come again.

    Args:
        paths: of the sources; the name of each up to its first dot is the source's.
        folder: where the shards go.
        tokenizer: of at most 65,536 tokens.
        cleaning: what happens to the text.
        keep_out: files or folders of evaluation data, of which nothing may be trained on.
        quiet: no progress on standard error.

    Raises:
        DataError: a file cannot be read, or has no column of texts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = [(folder / f"{source_name(path)}.held-out" / "seen.npy").exists() for path in paths]
    first = done.index(False) if False in done else len(paths)
    seen, guard = Seen(), Guard(())
    if first < len(paths):
        before = folder / f"{source_name(paths[first - 1])}.held-out" / "seen.npy"
        seen = Seen(np.load(before, allow_pickle=False).tolist()) if first else Seen()
        guard = Guard(map(spelling(cleaning), evaluation_texts(keep_out)))
    for path in paths[first:]:
        name = source_name(path)
        with tqdm(unit=" characters", unit_scale=True, desc=name, disable=quiet, file=sys.stderr) as bar:
            prepare(path, folder, tokenizer, cleaning, seen, guard, bar.update)
    names = [source_name(path) for path in paths]
    return [(open_shard(folder / name), open_shard(folder / f"{name}.held-out")) for name in names]


def source_name(path: Path) -> str:
    """What a file's texts are called: its name up to the first dot."""
    return path.name.split(".", 1)[0]


def spelling(cleaning: Cleaning) -> Callable[[str], str]:
    """A text in the spelling that is trained on.

    Raises:
        MissingExtra: OpenCC is asked for and not installed.
    """
    if not cleaning.simplify:
        return tidy
    change = simplifier()
    return lambda text: change(tidy(text))


def evaluation_texts(places: Iterable[Path]) -> Iterator[str]:
    """Every string in every row of the files given, and of the readable files in the folders given, however deep.

    Raises:
        DataError: a place does not exist or holds no file of rows, or a file cannot be read.
    """
    for place in places:
        inside = [path for path in sorted(place.rglob("*")) if extension(path) in READERS and path.is_file()]
        if place.is_dir() and not inside:
            raise DataError("the folder holds no file of rows", "name one that does", file=str(place))
        for path in inside if place.is_dir() else [place]:
            for _, row in read_rows(path):
                yield from chain.from_iterable(map(_strings, row.values()))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings(list(value.values()))  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, list | tuple):
        for part in value:  # pyright: ignore[reportUnknownVariableType] - anything may stand in a row
            yield from _strings(part)  # pyright: ignore[reportUnknownArgumentType]


@lru_cache(maxsize=1)
def simplifier() -> Callable[[str], str]:
    """Turns traditional hanzi into simplified ones.

    Raises:
        MissingExtra: OpenCC is not installed.
    """
    try:
        from opencc import OpenCC
    except ModuleNotFoundError as error:
        raise MissingExtra("opencc", "pretrain") from error
    return OpenCC("t2s").convert


def _told(texts: Iterable[str], progress: Callable[[int], object] | None) -> Iterator[str]:
    for text in texts:
        yield text
        if progress:
            progress(len(text))


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    block: list[str] = []
    size = 0
    for text in texts:
        block.append(text)
        size += len(text)
        if size >= _BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block


def _gist(text: str) -> str:
    """What a long document is compared by."""
    if len(text) <= 3 * _PART:
        return text
    middle = (len(text) - _PART) // 2
    return text[:_PART] + text[middle : middle + _PART] + text[-_PART:]


def _without(bad: list[bool], block: list[str], reason: str, counts: Counter[str]) -> list[str]:
    counts[reason] += sum(bad)
    return [text for text, gone in zip(block, bad, strict=True) if not gone]


def pieces_of(tokenizer: Tokenizer, text: str, context: int) -> Iterator[list[int]]:
    """A document's tokens between its start and end marks, cut into pieces of at most `context`.

    A piece begins with the token that the one before it ends with, so that every token but the first is once a target.
    """
    parts = [text[start : start + _PIECES_OF_A_DOCUMENT] for start in range(0, len(text), _PIECES_OF_A_DOCUMENT)]
    ids = [START, *(token for part in encode(tokenizer, parts) for token in part), END]
    yield from (ids[start : start + context] for start in range(0, len(ids) - 1, context - 1))


def texts_of(tokenizer: Tokenizer, shard: Shard) -> Iterator[str]:
    """The documents of a shard, as they were before they became pieces.

    Args:
        tokenizer: the vocabulary that the shard was made with.
        shard: of one source.
    """
    ids: list[int] = []
    for index in range(len(shard.lengths)):
        ids += shard.piece(index)[1:].tolist()  # the first token starts the document, or ended the piece before
        if ids[-1] == END:
            yield decode(tokenizer, ids)
            ids = []
