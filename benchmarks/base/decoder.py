"""The embedded decoder: bits a character on text it never saw, tokens a second, time to open.

    python -m benchmarks.base.decoder --text TEXT [--pack PACK]

TEXT is the folder of `recipes.base_decoder`, whose held-out shards are read; PACK, of `recipes.packed`, is the text
that the decoder was trained on, and a model of character 5-grams is made of it. xz, the third, learns from the text
itself alone. The decoder begins anew in each window of its context, the 5-grams with each document.
"""

from __future__ import annotations

import argparse
import lzma
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from recipes.packed import unpack
from tqdm import tqdm

from benchmarks.base.ngrams import bits, code_points
from benchmarks.common import store, timed
from danlu.corpus.prepare import texts_of
from danlu.corpus.shards import open_shard
from danlu.factory.fixed import bits_per_character
from danlu.infer.engine import Sampling, generate
from danlu.models.decoder import open_decoder
from danlu.models.shelf import shelf
from danlu.text.tokenizer import END, START, decode, encode, open_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

HERE = Path(__file__).parent
ENGLISH = ("dialogue-en", "enwiki", "novels-en", "speeches-en")
OPEN = "import torch; torch.set_num_threads(1); from danlu.models.decoder import open_decoder; open_decoder()"


def held_out(text: Path, most: int) -> Iterator[tuple[str, list[str]]]:
    """Each source with its first unseen documents, up to so many characters; the last may be cut."""
    tokenizer = open_tokenizer(text / "tokenizer.json")
    for folder in sorted((text / "text").glob("*.held-out")):
        documents: list[str] = []
        left = most
        for document in texts_of(tokenizer, open_shard(folder)):
            documents.append(document[:left])
            left -= len(documents[-1])
            if left <= 0:
                break
        yield folder.name.removesuffix(".held-out"), documents


def packed_documents(folder: Path, tokenizer: Tokenizer) -> Iterator[NDArray[np.uint32]]:
    """The code points of each source that the decoder was trained on."""
    for path in sorted(folder.glob("*.xz")):
        stream = unpack(path)
        starts, ends = np.flatnonzero(stream == START) + 1, np.flatnonzero(stream == END)
        documents = (decode(tokenizer, stream[a:b].tolist()) for a, b in zip(starts, ends, strict=True))
        yield code_points(tqdm(documents, path.stem, len(starts), leave=False, disable=not sys.stderr.isatty()))


def compressed(documents: list[str]) -> int:
    """Bytes of all of them in one xz stream, as small as xz makes it, without a container."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 0, "lp": 0, "pb": 0}]
    return len(lzma.compress("\0".join(documents).encode(), lzma.FORMAT_RAW, filters=filters))


def quality(text: Path, pack: Path | None, most: int) -> dict[str, dict[str, Any]]:
    """Of each source and of each language: characters, and bits a character of the decoder and of the others."""
    decoder = open_decoder()
    found: dict[str, dict[str, Any]] = {}
    sources = dict(held_out(text, most))
    for name, documents in tqdm(sources.items(), "sources", leave=False, disable=not sys.stderr.isatty()):
        size = sum(map(len, documents))
        found[name] = {
            "characters": size,
            "decoder": bits_per_character(decoder.model, decoder.tokenizer, documents),
            "xz": 8 * compressed(documents) / size,
        }
    if pack:
        train = np.concatenate(list(packed_documents(pack / "decoder", decoder.tokenizer)))
        totals = bits(train, [code_points(documents) for documents in sources.values()])
        for one, total in zip(found.values(), totals, strict=True):
            one["5-grams"] = total / one["characters"]
    for language, names in (
        ("Chinese", [name for name in sources if name not in ENGLISH]),
        ("English", [name for name in sources if name in ENGLISH]),
    ):
        size = sum(found[name]["characters"] for name in names)
        means = {
            key: sum(found[name][key] * found[name]["characters"] for name in names) / size
            for key in found[names[0]]
            if key != "characters"
        }
        found[language] = {"characters": size, **means}
    return {name: {key: round(value, 3) for key, value in one.items()} for name, one in found.items()}


def speed(most: int = 256) -> dict[str, Any]:
    """Of one thread, the best of three: tokens a second for 1 and 8 texts at a time; the cost of opening it.

    Seconds are of the processor, so that other work on the machine counts little.
    """
    decoder = open_decoder()
    found: dict[str, Any] = {}
    for count in (1, 8):
        prompts = [[START, *ids] for ids in encode(decoder.tokenizer, ["今天"] * count)]
        rates: list[float] = []
        for _ in range(3):
            began = time.process_time()
            written = generate(decoder.model, prompts, Sampling(most=most, top_p=0.9, stop=()))
            rates.append(sum(len(one.ids) for one in written) / (time.process_time() - began))
        found[f"tokens a second, {count} at a time"] = round(max(rates))
    began = time.process_time()
    open_decoder()
    found["seconds to open, libraries loaded"] = round(time.process_time() - began, 2)
    opened = [_opened() for _ in range(3)]
    found["seconds of a process that opens it"], found["MiB"] = (
        round(min(each), 1) for each in zip(*opened, strict=True)
    )
    return found


def _opened() -> tuple[float, float]:
    """Seconds of the processor and MiB of a fresh process."""
    before = os.times()
    _, _, memory = timed([sys.executable, "-c", OPEN])
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--text", type=Path, required=True, help="the folder of recipes.base_decoder")
    parser.add_argument("--pack", type=Path, help="the folder of recipes.packed; without it, no n-grams")
    parser.add_argument("--characters", type=int, default=20_000, help="of a source, at most")
    parser.add_argument("--out", type=Path, default=HERE / "decoder.json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    (kept,) = [kept for kept in shelf() if kept.name == "decoder"]
    sums = dict(reversed(line.split()) for line in (kept.folder / "SHA256SUMS").read_text().splitlines())
    fast = speed()
    found = quality(arguments.text, arguments.pack, arguments.characters)
    for name, one in found.items():
        print(f"{name:<14}" + "".join(f"{key} {value:<10}" for key, value in one.items()))
    store(arguments.out, {"weights": sums["model.safetensors"][:16], "speed": fast, "bits a character": found})


if __name__ == "__main__":
    main()
