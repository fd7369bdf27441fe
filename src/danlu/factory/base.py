"""Raw text in, a base model out: the way of a pretraining, one visible sequence.

texts → vocabulary → shards → embeddings → fresh model → estimate → training → folder that transformers opens

Every step leaves its result in the folder, so the same command goes on where it was stopped. Knows the order; how a
step is done stands in the file of its role.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from danlu import runtime
from danlu.archive import write_whole
from danlu.corpus.prepare import prepare_all, source_name
from danlu.errors import DataError
from danlu.factory.base_folder import alone, begin, write
from danlu.factory.base_start import begin_with, keep_counted
from danlu.factory.wish import refuse
from danlu.models.decoder import open_decoder
from danlu.models.fresh import FRESH, SHAPES
from danlu.parallel.data import World, spread, wait
from danlu.text.tokenizer import open_tokenizer
from danlu.train.batches import TokenBatches
from danlu.train.estimate import Estimate, estimate
from danlu.train.objectives import Objective, Speaker, causal, inherited, masked
from danlu.train.pretrain import Training, measure, pretrain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tokenizers import Tokenizer

    from danlu.corpus.shards import Shard
    from danlu.factory.wish import Wish

_MEASURED = 400  # held-out pieces that the loss is watched on


def make_base(
    texts: Sequence[Path],
    out: Path,
    wish: Wish,
    world: World,
    *,
    keep_out: Sequence[Path] = (),
    vocabulary: Path | None = None,
    elder: Path | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Trains a base model from raw text; writes `out/model`, which transformers opens, and `out/figures.json`.

    Args:
        texts: files of rows with a text each; a file's name up to its first dot is its source's.
        out: the folder; a run that was stopped goes on in it.
        wish: what is wanted.
        world: the processes; all call this with the same arguments.
        keep_out: files or folders of evaluation data; no text of theirs is trained on.
        vocabulary: a tokenizer.json to use instead of a new one; an elder brings its own.
        elder: the folder of a smaller finished model of the same vocabulary, to learn from at the beginning.
        quiet: no progress on standard error.

    Returns:
        The figures.

    Raises:
        DataError: a file cannot be read.
        OptionError: the wish cannot be granted, or `out` holds the training of another.
        MissingExtra: jieba or OpenCC is not installed.
    """
    refuse(texts, out, wish, world, keep_out, elder)
    runtime.start(wish.seed, runtime.share_of_cores())
    if elder:
        vocabulary = elder / "tokenizer.json"
    with alone(out, world):
        return _make(texts, out, wish, world, keep_out, vocabulary, elder, quiet=quiet)


def _make(
    texts: Sequence[Path],
    out: Path,
    wish: Wish,
    world: World,
    keep_out: Sequence[Path],
    vocabulary: Path | None,
    elder: Path | None,
    *,
    quiet: bool,
) -> dict[str, Any]:
    if world.first:
        begin(texts, out, wish, keep_out, vocabulary, elder)
        tokenizer = open_tokenizer(out / "tokenizer.json")
        made = prepare_all(texts, out / "text", tokenizer, wish.cleaning, keep_out=keep_out, quiet=quiet)
        width = SHAPES[wish.size].hidden
        keep_counted(
            out / "embeddings.npy", [shard for shard, _ in made], tokenizer.get_vocab_size(), width, quiet=quiet
        )
    wait(world)
    tokenizer = open_tokenizer(out / "tokenizer.json")
    shards, held_out = zip(*prepare_all(texts, out / "text", tokenizer, wish.cleaning, quiet=True), strict=True)
    weights = tuple(wish.weights.get(source_name(path), 1.0) for path in texts)
    batches = TokenBatches(shards, weights, wish.batch, wish.seed)
    if batches.steps == 0:
        raise DataError("nothing is left to train on", "give more text", file=str(texts[0]))
    torch.manual_seed(wish.seed)
    model = Speaker(FRESH[wish.kind](SHAPES[wish.size], tokenizer.get_vocab_size()))
    begin_with(model.model, np.load(out / "embeddings.npy", allow_pickle=False))
    objective = causal() if wish.kind == "decoder" else masked(tokenizer.get_vocab_size())
    if elder:
        objective = inherited(objective, Speaker(open_decoder(str(elder)).model).to(world.device), start=0.5)
    plan = _kept_plan(out / "plan.json", model, objective, batches, wish, world)
    if world.first and not quiet:
        print(f"danlu: {plan.words}", file=sys.stderr, flush=True)  # noqa: T201 - told before it starts
    spread(model, model.model.base_model.layers, world)  # pyright: ignore[reportArgumentType] - both kinds have them
    training = _training(wish, plan.steps, tokenizer.get_vocab_size())
    watched = _some(held_out, _MEASURED, wish.seed)
    pretrain(model, objective, batches, training, out / "training", world, held_out=watched, quiet=quiet)
    figures = _figures(model, objective, held_out, training, world, tokenizer) | {"plan": asdict(plan)}
    if world.first:
        write(model, tokenizer, out, figures)
    wait(world)
    return figures


def _training(wish: Wish, steps: int, vocabulary: int) -> Training:
    """About 20 checkpoints and 20 measurements; about 2²⁷ logits in memory at a time."""
    often = max(1, min(500, steps // 20))
    places = max(512, (1 << 27) // vocabulary)
    return Training(
        steps, wish.rate, wish.optimiser, wish.schedule, places=places, seed=wish.seed, save_every=often,
        measure_every=often,
    )  # fmt: skip


def _kept_plan(
    path: Path, model: Speaker, objective: Objective, batches: TokenBatches, wish: Wish, world: World
) -> Estimate:
    """The plan of the first run: its steps may depend on the speed that was measured then."""
    if path.exists():
        return Estimate(**json.loads(path.read_text(encoding="utf-8")))
    vocabulary: int = model.model.config.vocab_size
    flops = SHAPES[wish.size].flops(wish.kind, vocabulary, wish.cleaning.context / 2)
    passes, minutes = wish.passes, wish.minutes
    training = _training(wish, batches.steps, vocabulary)
    plan = estimate(model, objective, batches, flops, training, world, passes=passes, minutes=minutes)
    wait(world)  # nobody looks for the file after it is there
    if world.first:
        write_whole(path, json.dumps(asdict(plan)).encode(), force=True)
    return plan


def _some(shards: Sequence[Shard], count: int, seed: int) -> list[Any]:
    pieces = [(shard, index) for shard in shards for index in range(len(shard.lengths))]
    chosen = np.random.default_rng(seed).permutation(len(pieces))[:count]
    return [pieces[index][0].piece(pieces[index][1]) for index in np.sort(chosen).tolist()]


def _figures(
    model: Speaker,
    objective: Objective,
    held_out: Sequence[Shard],
    training: Training,
    world: World,
    tokenizer: Tokenizer,
) -> dict[str, Any]:
    """The loss on held-out text of each source, in nats a target, and for a decoder in bits a character."""
    sources: dict[str, dict[str, float]] = {}
    for shard in held_out:
        if len(shard.tokens) == 0:
            continue
        pieces = [shard.piece(index) for index in range(len(shard.lengths))]
        loss = measure(model, objective, pieces, training, world)
        source: dict[str, float] = {"loss": round(loss, 4), "tokens": len(shard.tokens)}
        if not model.both_ways:
            targets = len(shard.tokens) - len(pieces)
            source["bits_per_character"] = round(loss * targets / math.log(2) / shard.about["characters"], 4)
        sources[shard.name.removesuffix(".held-out")] = source
    return {"vocabulary": tokenizer.get_vocab_size(), "held_out": sources}
