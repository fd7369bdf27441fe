"""Hidden tokens that the embedded encoder finds again in text it never saw, and the bits that a character needs.

    python -m benchmarks.base.masked --text TEXT

TEXT is the folder of `recipes.base_decoder`, whose held-out shards are read. One token in five is hidden. Beside it,
what the commonest token of each source alone would find.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from tqdm import tqdm

from benchmarks.base.decoder import held_out
from benchmarks.common import store
from danlu.factory.fixed import hidden_tokens
from danlu.models.masked import open_masked
from danlu.runtime import start

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--text", type=Path, required=True, help="the folder of recipes.base_decoder")
    parser.add_argument("--most", type=int, default=60_000, help="characters of a source")
    parser.add_argument("--out", type=Path, default=HERE / "masked.json")
    options = parser.parse_args()
    start(0, 1)
    tokenizer, model = open_masked()
    found: dict[str, dict[str, float]] = {}
    for name, documents in tqdm(list(held_out(options.text, options.most)), "sources"):
        counts = Counter(i for text in documents for i in tokenizer.encode(text, add_special_tokens=False).ids)
        hidden = hidden_tokens(model, tokenizer, documents)
        found[name] = {
            "found": round(100 * hidden.accuracy, 1),
            "bits a character": round(hidden.bits, 3),
            "commonest": round(100 * counts.most_common(1)[0][1] / counts.total(), 1),
            "tokens": counts.total(),
        }
    total = sum(one["tokens"] for one in found.values())
    mean = {
        key: round(sum(one[key] * one["tokens"] for one in found.values()) / total, 2)
        for key in ("found", "commonest", "bits a character")
    }
    store(options.out, {"all": {**mean, "tokens": total}, "sources": found})


if __name__ == "__main__":
    main()
