"""Raw text in, a base model out: the way of a pretraining, one visible sequence.

texts → vocabulary → shards → fresh model → estimate → training → folder that transformers opens

Every step leaves its result in the folder, so the same command goes on where it was stopped. Knows the order; how a
step is done stands in the file of its role.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file

from danlu import runtime
from danlu.artifact import write_whole
from danlu.corpus.examples import examples
from danlu.corpus.prepare import Cleaning, prepare_all, source_name
from danlu.corpus.vocabulary import learn_vocabulary
from danlu.errors import DataError, OptionError
from danlu.models.decoder import open_decoder
from danlu.models.fresh import FRESH, SHAPES, Kind
from danlu.parallel.data import World, spread, wait
from danlu.text.tokenizer import open_tokenizer
from danlu.train.batches import TokenBatches
from danlu.train.checkpoint import found
from danlu.train.estimate import Estimate, estimate
from danlu.train.objectives import Objective, Speaker, causal, inherited, masked
from danlu.train.pretrain import Training, measure, pretrain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tokenizers import Tokenizer

    from danlu.corpus.shards import Shard
    from danlu.train.optimisers import Name

_MEASURED = 400  # held-out pieces that the loss is watched on


@dataclass(frozen=True)
class Wish:
    """What base model is wanted; everything a finished folder depends on but the texts.

    Attributes:
        kind: "decoder" or "encoder".
        size: a name in `SHAPES`.
        vocabulary: tokens in all.
        passes: how often the mixture is read; ignored if `minutes` is given.
        minutes: of training on this machine, by its measured speed.
        batch: tokens of a step.
        rate: the peak learning rate.
        optimiser: "adamw" or "muon".
        schedule: "wsd" or "cosine".
        seed: of everything drawn at random.
        weights: how often a source is read in a pass, by name; 1 by default.
        cleaning: what happens to the text.
    """

    kind: Kind = "decoder"
    size: str = "small"
    vocabulary: int = 16_384
    passes: float = 1.0
    minutes: float | None = None
    batch: int = 16_384
    rate: float = 3e-3
    optimiser: Name = "muon"
    schedule: str = "wsd"
    seed: int = 0
    weights: dict[str, float] = field(default_factory=dict[str, float])
    cleaning: Cleaning = field(default_factory=Cleaning)


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
        vocabulary: a tokenizer.json to use instead of a new one.
        elder: the folder of a smaller finished model of the same vocabulary, to learn from at the beginning.
        quiet: no progress on standard error.

    Returns:
        The figures.

    Raises:
        DataError: a file cannot be read.
        OptionError: the wish cannot be granted, or `out` holds the training of another.
        MissingExtra: jieba or OpenCC is not installed.
    """
    _check(texts, out, wish)
    runtime.start(wish.seed)
    if world.first:
        _begin(texts, out, wish, keep_out, vocabulary, elder)
        tokenizer = open_tokenizer(out / "tokenizer.json")
        prepare_all(texts, out / "text", tokenizer, wish.cleaning, keep_out=keep_out, quiet=quiet)
    wait(world)
    tokenizer = open_tokenizer(out / "tokenizer.json")
    shards, held_out = zip(*prepare_all(texts, out / "text", tokenizer, wish.cleaning, quiet=True), strict=True)
    weights = tuple(wish.weights.get(source_name(path), 1.0) for path in texts)
    batches = TokenBatches(shards, weights, wish.batch, wish.seed)
    if batches.steps == 0:
        raise DataError("nothing is left to train on", "give more text", file=str(texts[0]))
    torch.manual_seed(wish.seed)
    model = Speaker(FRESH[wish.kind](SHAPES[wish.size], tokenizer.get_vocab_size()))
    objective = causal() if wish.kind == "decoder" else masked(tokenizer.get_vocab_size())
    if elder:
        objective = inherited(objective, Speaker(open_decoder(str(elder)).model).to(world.device), start=0.5)
    plan = _kept_plan(out / "plan.json", model, objective, batches, wish, world)
    if world.first and not quiet:
        print(f"danlu: {plan.words}", file=sys.stderr, flush=True)  # noqa: T201 - told before it starts
    spread(model, model.model.base_model.layers, world)  # pyright: ignore[reportArgumentType] - both kinds have them
    training = Training(plan.steps, wish.rate, wish.optimiser, wish.schedule, seed=wish.seed)
    watched = _some(held_out, _MEASURED, wish.seed)
    pretrain(model, objective, batches, training, out / "training", world, held_out=watched, quiet=quiet)
    figures = _figures(model, objective, held_out, training, world, tokenizer) | {"plan": asdict(plan)}
    if world.first:
        _write(model, tokenizer, out, figures)
    wait(world)
    return figures


def _check(texts: Sequence[Path], out: Path, wish: Wish) -> None:
    names = [source_name(path) for path in texts]
    if not names:
        raise OptionError("There is no text to train on. Fix: name at least one file.")
    for name in names:
        if names.count(name) > 1:
            raise OptionError(f"Two sources are called {name}. Fix: rename one of the files.")
    for name in wish.weights:
        if name not in names:
            raise OptionError(f"A weight is given for {name}, which is no source. Fix: use one of {', '.join(names)}.")
    if wish.size not in SHAPES:
        raise OptionError(f"There is no size {wish.size}. Fix: use one of {', '.join(SHAPES)}.")
    if SHAPES[wish.size].context < wish.cleaning.context:
        raise OptionError(
            f"The size {wish.size} reads {SHAPES[wish.size].context} tokens, and pieces have up to "
            f"{wish.cleaning.context}. Fix: give a context of at most {SHAPES[wish.size].context}."
        )
    if out.exists() and not out.is_dir():
        raise OptionError(f"{out} is a file. Fix: give the name of a folder.")
    for path in texts:
        next(examples(path, text=wish.cleaning.column, need_label=False), None)  # what cannot be read is said at once


def _kept_plan(
    path: Path, model: Speaker, objective: Objective, batches: TokenBatches, wish: Wish, world: World
) -> Estimate:
    """The plan of the first run: its steps may depend on the speed that was measured then."""
    if path.exists():
        return Estimate(**json.loads(path.read_text(encoding="utf-8")))
    vocabulary: int = model.model.config.vocab_size
    flops = SHAPES[wish.size].flops(wish.kind, vocabulary, wish.cleaning.context / 2)
    passes, minutes = wish.passes, wish.minutes
    plan = estimate(model, objective, batches, flops, world, passes=passes, minutes=minutes)
    wait(world)  # nobody looks for the file after it is there
    if world.first:
        write_whole(path, json.dumps(asdict(plan)).encode(), force=True)
    return plan


def _begin(
    texts: Sequence[Path], out: Path, wish: Wish, keep_out: Sequence[Path], vocabulary: Path | None, elder: Path | None
) -> None:
    """Gives a new folder its vocabulary and notes what is wanted in it; refuses a folder of another wish."""
    lists = {"texts": [path.name for path in texts], "keep_out": [path.name for path in keep_out]}
    given = {"given_vocabulary": str(vocabulary or ""), "elder": str(elder or "")}
    wanted: dict[str, Any] = json.loads(json.dumps(asdict(wish) | lists | given))
    path = out / "wish.json"
    if path.exists():
        stored = json.loads(path.read_text(encoding="utf-8"))
        for key, value in wanted.items():
            if stored.get(key) != value:
                raise OptionError(
                    f"{out} holds a training with {key} = {stored.get(key)}, and {value} is asked for. "
                    "Fix: ask for the same, or choose another folder."
                )
        return
    if vocabulary:
        open_tokenizer(vocabulary)
        data = vocabulary.read_bytes()
    else:
        data = learn_vocabulary(texts, wish.vocabulary, column=wish.cleaning.column).to_str().encode()
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "tokenizer.json", data, force=True)
    write_whole(path, json.dumps(wanted, ensure_ascii=False, indent=1).encode(), force=True)


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


def _write(model: Speaker, tokenizer: Tokenizer, out: Path, figures: dict[str, Any]) -> None:
    """The folder that transformers opens; sharded weights are in the last checkpoint, whole."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    weights = load_file(found(out / "training")[-1][1] / "weights.safetensors")
    plain = {key.removeprefix("model."): value for key, value in weights.items()}
    partial = out / ".model.partial"
    model.model.save_pretrained(partial, state_dict=plain)
    write_whole(partial / "tokenizer.json", tokenizer.to_str().encode(), force=True)
    shutil.rmtree(out / "model", ignore_errors=True)
    partial.replace(out / "model")
    write_whole(out / "figures.json", json.dumps(figures, ensure_ascii=False, indent=1).encode(), force=True)
