"""The embedded decoder on one GPU: a fixed time, the whole text in the card's memory, the next token everywhere.

    python -m recipes.decoder_gpu --pack PACK --out OUT --seconds 150

Knows the mixture's weights, the optimiser and the loop. The model is Qwen3's class in the shape "base"; the table of
token embeddings, tied to the output, is rounded in training as it is when it is stored.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.models.decoder import Decoder, save_embedded_decoder
from danlu.models.fresh import SHAPES, fresh_decoder
from danlu.models.shelf import SHELF
from danlu.models.storage import coarsened, load_small, save_small
from danlu.text.tokenizer import open_tokenizer
from danlu.train.optimisers import muon
from recipes.base_decoder import SOURCES
from recipes.gpu import Clock, Told, compiled, loaded, log, read_all, save_parts, set_rates, told_apart

TABLE = "model.embed_tokens.weight"


class Text:
    """Packed documents on a device, and where each source begins."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        paths = sorted(folder.glob("*.xz"))
        streams = read_all(paths)
        self.tokens = torch.from_numpy(np.concatenate(streams).astype(np.int32)).to(device)
        lengths = torch.tensor([len(stream) for stream in streams], dtype=torch.float64)
        share = lengths * torch.tensor([SOURCES[path.stem] for path in paths], dtype=torch.float64)
        self.lengths, self.share = lengths.to(device), (share / share.sum()).to(device)
        self.starts = lengths.cumsum(0).to(device) - self.lengths
        log(f"{len(self.tokens):,} tokens of {len(paths)} sources, the largest share {float(self.share.max()):.2f}")

    def rows(self, count: int, length: int) -> torch.Tensor:
        """(count, length) stretches of the text, begun anywhere in a source."""
        source = torch.multinomial(self.share, count, replacement=True)
        room = (self.lengths[source] - length).clamp_min(0)
        start = (self.starts[source] + torch.rand(count, device=room.device, dtype=room.dtype) * room).long()
        at = start[:, None] + torch.arange(length, device=start.device)
        return self.tokens[at.clamp_max(len(self.tokens) - 1)].long()


class NotCompiledError(Exception):
    """The first step fails where layers are compiled."""


def train(pack: Path, out: Path, seconds: float, device: torch.device, options: argparse.Namespace) -> None:
    torch.manual_seed(11)
    torch.set_float32_matmul_precision("high")
    text = Text(pack / "decoder", device)
    model: Any = fresh_decoder(SHAPES[options.size], options.vocabulary).to(device)
    table = model.get_input_embeddings().weight
    log(f"{sum(p.numel() for p in model.parameters()):,} weights")
    loss_of = told_apart
    if options.compile:
        loss_of = compiled(told_apart)
        for layer in model.model.layers:
            layer.compile(dynamic=False)
    no_bias = torch.zeros(len(table), device=device)
    optimisers = muon(model, options.rate)
    peaks = [group["lr"] for optimiser in optimisers for group in optimiser.param_groups]

    def step(done: float) -> torch.Tensor:
        rounded = coarsened(table.detach()).requires_grad_()
        ids = text.rows(options.rows, options.length + 1)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            hidden = model.model(inputs_embeds=F.embedding(ids[:, :-1], rounded), use_cache=False).last_hidden_state
            loss = loss_of(hidden.flatten(0, 1), rounded, no_bias, ids[:, 1:].flatten())
        loss.backward()
        table.grad = rounded.grad  # as if nothing had been rounded (straight-through: Bengio et al., 2013)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        set_rates(optimisers, peaks, done, warmup=0.03, decay=0.5)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        return loss

    try:
        step(0.0)
    except Exception as error:
        if not options.compile:
            raise
        raise NotCompiledError from error
    for optimiser in optimisers:
        optimiser.state.clear()
    clock, told = Clock(seconds, device), Told(100)
    while (done := clock()) < 1:
        told.add("loss", step(done), options.rows * options.length)
        told.step(done)
    out.mkdir(parents=True, exist_ok=True)
    state = {key: value for key, value in model.state_dict().items() if key not in (TABLE, "lm_head.weight")}
    save_small({TABLE: table.detach().float().cpu()}, out / "decoder-table.safetensors", coarse=lambda _: True)
    save_parts(state, out, "decoder")
    places = clock.steps * options.rows * options.length
    (out / "decoder.json").write_text(json.dumps({"steps": clock.steps, "tokens": places, "seconds": seconds}))
    log(f"{clock.steps} steps, {places:,} tokens")


def export(parts: Path, tokenizer: Path, size: str, card: str, folder: Path = SHELF / "decoder") -> None:
    """Writes the package's files from what `train` left."""
    vocabulary = open_tokenizer(tokenizer)
    model = fresh_decoder(SHAPES[size], vocabulary.get_vocab_size())
    state = load_small(parts / "decoder-table.safetensors") | loaded(parts, "decoder")
    model.load_state_dict({**state, "lm_head.weight": state[TABLE]})
    save_embedded_decoder(Decoder("embedded", vocabulary, model.eval()), folder, card)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--pack", type=Path, help="the folder of recipes.packed")
    parser.add_argument("--out", type=Path, required=True, help="where the weights go")
    parser.add_argument("--seconds", type=float, default=120, help="of training")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--size", default="base", choices=sorted(SHAPES))
    parser.add_argument("--vocabulary", type=int, default=16_384, help="tokens in all")
    parser.add_argument("--rows", type=int, default=256, help="of a batch")
    parser.add_argument("--length", type=int, default=512, help="tokens of a row")
    parser.add_argument("--rate", type=float, default=3e-3, help="the peak learning rate")
    parser.add_argument(
        "--export", type=Path, metavar="CARD", help="make the package's decoder of the weights in --out"
    )
    parser.add_argument("--tokenizer", type=Path, help="with --export: its vocabulary")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    if options.export:
        if not options.tokenizer:
            parser.error("--export needs --tokenizer")
        export(options.out, options.tokenizer, options.size, options.export.read_text(encoding="utf-8"))
        return
    if not options.pack or options.seconds <= 0:
        parser.error("to train, --pack and more than 0 --seconds are needed")
    device = torch.device(options.device)
    try:
        train(options.pack, options.out, options.seconds, device, options)
    except NotCompiledError as error:
        log(f"not compiled: {str(error.__cause__)[:500]}")
        options.compile = False
        train(options.pack, options.out, options.seconds, device, options)


if __name__ == "__main__":
    main()
