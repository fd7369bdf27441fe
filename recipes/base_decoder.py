"""The embedded bilingual decoder: from raw text to the weights in the package.

    python -m recipes.base_decoder --data DATA --work WORK --size small --minutes 150   # resumable
    python -m recipes.base_decoder --data DATA --work WORK --passes 4     # where a GPU makes passes cheap
    python -m recipes.base_decoder --data DATA --work WORK --export CARD.md

Knows which sources are read how often, and the shape. How it is done is `danlu.factory.base`. The package's weights are
those of `recipes/decoder_gpu.py`, which takes this recipe's cleaned text, vocabulary and mixture to one GPU.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from danlu.corpus.prepare import Cleaning
from danlu.factory.base import make_base
from danlu.factory.wish import Wish
from danlu.models.decoder import open_decoder, save_embedded_decoder
from danlu.models.shelf import SHELF
from danlu.parallel.data import join, leave

# How often a source is read in a pass. Verse and dialogue are small and dear; encyclopaedia and statutes are large and
# dry; no source is read more than twice a pass (repetition past four passes teaches little: Muennighoff et al., 2023).
SOURCES = {
    "fudan": 1.0, "cctv": 1.0, "lctt": 1.0, "wiki-zh": 2.0, "blog": 1.0, "weekly": 1.0, "web-zh": 2.0, "sanwen": 2.0,
    "weibo": 1.0, "reviews": 1.0, "zhihu-titles": 1.0, "sms": 1.0, "counsel": 1.0, "medical": 2.0, "crosswoz": 2.0,
    "forum": 2.0, "recipes": 2.0, "oi-wiki": 0.5, "literature": 2.0, "modern": 1.0, "classical": 1.0, "poems": 1.0,
    "laws": 0.5, "enwiki": 0.5, "novels-en": 1.0, "dialogue-en": 1.0, "speeches-en": 1.0,
}  # fmt: skip
EVALUATION = ("fewclue", "classification", "pairs", "extraction")


def wish(size: str, minutes: float | None, passes: float) -> Wish:
    """Stored, "small" is 7 MB and "base" 16 MB; where minutes are few, more steps are worth more than larger ones."""
    return Wish(
        kind="decoder",
        size=size,
        vocabulary=16_384,
        passes=passes,
        minutes=minutes,
        batch=2_048 if minutes else 16_384,
        rate=5e-3 if minutes else 3e-3,
        seed=11,
        weights=SOURCES,
        cleaning=Cleaning(context=512),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder with text/ and the evaluation sets")
    parser.add_argument("--work", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--size", default="base", choices=("small", "base", "large"), help="of the model")
    parser.add_argument("--minutes", type=float, help="of training on this machine")
    parser.add_argument("--passes", type=float, default=1.0, help="over the mixture, where no minutes are given")
    parser.add_argument("--export", type=Path, metavar="CARD", help="write the package's weights, with this card")
    arguments = parser.parse_args()
    if arguments.export:
        decoder = open_decoder(str(arguments.work / "model"))
        save_embedded_decoder(decoder, SHELF / "decoder", arguments.export.read_text(encoding="utf-8"))
        return
    world = join()
    try:
        figures = make_base(
            [arguments.data / "text" / f"{name}.jsonl.xz" for name in SOURCES],
            arguments.work,
            wish(arguments.size, arguments.minutes, arguments.passes),
            world,
            keep_out=[arguments.data / name for name in EVALUATION],
        )
    finally:
        leave()
    if world.first:
        print(json.dumps(figures, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
