"""The embedded decoder on one GPU: a fixed time, the whole text in the card's memory, the next token everywhere.

    python -m recipes.decoder_gpu --pack PACK --out OUT --seconds 150
    python -m recipes.decoder_gpu --pack PACK --out OUT --size large --elder WEIGHTS --held-out   # inheritance

With an elder, a smaller finished model of the same vocabulary, the loss begins as half its own and half the divergence
from what the elder says, which fades (knowledge inheritance: Qin et al., 2022). With --held-out the loss on
`PACK/held-out.xz` is written to `curve.jsonl` as training goes on, and does not count as training time.

Knows the mixture's weights, the optimiser and the loop. The model is Qwen3's class in the shape "base"; the table of
token embeddings, tied to the output, is rounded in training as it is when it is stored.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from recipes.packed import unpack

if TYPE_CHECKING:
    from collections.abc import Callable

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


class Elder:
    """A smaller finished model, and how much of the loss is its own.

    Args:
        weights: of a decoder as the package stores it.
        size: its shape.
        vocabulary: tokens in all.
        device: where to.
        start: the weight at the beginning; it falls linearly.
        over: the share of the time after which it is zero, and the elder is not asked any more.
    """

    def __init__(
        self, weights: Path, size: str, vocabulary: int, device: torch.device, start: float = 0.5, over: float = 0.5
    ) -> None:
        model: Any = fresh_decoder(SHAPES[size], vocabulary)
        state = load_small(weights)
        model.load_state_dict({**state, "lm_head.weight": state[TABLE]})
        self.model = model.to(device).eval().requires_grad_(requires_grad=False)
        self._start, self._over = start, over

    def weight(self, done: float) -> float:
        """Of its distribution in the loss, at a share of the time."""
        return self._start * max(0.0, 1 - done / self._over)

    def hidden(self, ids_BL: torch.Tensor) -> torch.Tensor:
        """(B L, D) its last layer."""
        with torch.no_grad():
            return self.model.model(input_ids=ids_BL, use_cache=False).last_hidden_state.flatten(0, 1)


def told_and_inherited(
    hidden_ND: torch.Tensor, table_VD: torch.Tensor, target_N: torch.Tensor, known_NE: torch.Tensor,
    known_VE: torch.Tensor, weight: torch.Tensor,
) -> torch.Tensor:  # fmt: skip
    """The mean cross-entropy, and in part the divergence from what another model says of the same tokens."""
    own_NV = torch.log_softmax(F.linear(hidden_ND, table_VD).float(), -1)
    elder_NV = torch.log_softmax(F.linear(known_NE, known_VE).float(), -1)
    apart = (elder_NV.exp() * (elder_NV - own_NV)).sum(-1).mean()
    return (1 - weight) * F.nll_loss(own_NV, target_N) + weight * apart


class HeldOut:
    """Text that is not trained on, and the curve of its loss over the seconds of training.

    Args:
        path: a pack of documents.
        length: tokens of a row.
        out: the folder of curve.jsonl.
        device: where to.
        every: seconds of training between two measurements.
    """

    def __init__(self, path: Path, length: int, out: Path, device: torch.device, every: float = 2.5) -> None:
        stream = torch.from_numpy(unpack(path).astype(np.int64))
        rows = len(stream) // (length + 1)
        spread = torch.linspace(0, rows - 1, min(rows, 512)).long()
        self._ids = stream[: rows * (length + 1)].view(rows, length + 1)[spread].to(device)
        self._every, self._next, self._curve = every, every, out / "curve.jsonl"
        out.mkdir(parents=True, exist_ok=True)
        self._curve.write_text("")

    def due(self, spent: float) -> bool:
        """Whether it is time to measure."""
        return spent >= self._next

    def loss(self, loss_of: Callable[[torch.Tensor], torch.Tensor]) -> float:
        """The mean loss of all rows."""
        with torch.no_grad():
            return float(torch.stack([loss_of(some) for some in self._ids.split(64)]).mean())

    def write(self, spent: float, step: int, loss: float) -> None:
        """One more point of the curve."""
        self._next = spent + self._every
        with self._curve.open("a") as file:
            file.write(json.dumps({"seconds": round(spent, 3), "step": step, "loss": round(loss, 5)}) + "\n")


class NotCompiledError(Exception):
    """The first step fails where layers are compiled."""


class Learner:
    """The model, its optimisers, and a step of both.

    Args:
        text: what is read.
        options: of the command line.
        device: where to.
    """

    def __init__(self, text: Text, options: argparse.Namespace, device: torch.device) -> None:
        self.text, self.options = text, options
        self.model: Any = fresh_decoder(SHAPES[options.size], options.vocabulary).to(device)
        self.table = self.model.get_input_embeddings().weight
        log(f"{sum(p.numel() for p in self.model.parameters()):,} weights")
        self.elder = Elder(options.elder, options.elder_size, options.vocabulary, device) if options.elder else None
        self._told_apart, self._with_elder = told_apart, told_and_inherited
        if options.compile:
            self._told_apart, self._with_elder = compiled(told_apart), compiled(told_and_inherited)
            for layer in [*self.model.model.layers, *(self.elder.model.model.layers if self.elder else [])]:
                layer.compile(dynamic=False)
        self._no_bias = torch.zeros(len(self.table), device=device)
        self._optimisers = muon(self.model, options.rate)
        self._peaks = [group["lr"] for optimiser in self._optimisers for group in optimiser.param_groups]

    def measured(self, ids_BL: torch.Tensor) -> torch.Tensor:
        """The mean loss of the next token."""
        return self._loss(ids_BL, coarsened(self.table.detach()))

    def step(self, done: float, rates_at: float | None = None) -> torch.Tensor:
        """The loss of a batch, from which is learned.

        Args:
            done: the share of the time that is over.
            rates_at: the share by which the rates go, if another.
        """
        rounded = coarsened(self.table.detach()).requires_grad_()
        ids = self.text.rows(self.options.rows, self.options.length + 1)
        loss = self._loss(ids, rounded, self.elder.weight(done) if self.elder else 0.0)
        loss.backward()
        self.table.grad = rounded.grad  # as if nothing had been rounded (straight-through: Bengio et al., 2013)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        set_rates(self._optimisers, self._peaks, done if rates_at is None else rates_at, warmup=0.03, decay=0.5)
        for optimiser in self._optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        return loss

    def forget(self) -> None:
        """The optimisers begin anew."""
        for optimiser in self._optimisers:
            optimiser.state.clear()

    def _loss(self, ids_BL: torch.Tensor, table_VD: torch.Tensor, inherited: float = 0.0) -> torch.Tensor:
        given_BL, target_N = ids_BL[:, :-1], ids_BL[:, 1:].flatten()
        with torch.autocast(ids_BL.device.type, dtype=torch.bfloat16):
            x_BLD = self.model.model(inputs_embeds=F.embedding(given_BL, table_VD), use_cache=False).last_hidden_state
            if self.elder is None or inherited == 0.0:
                return self._told_apart(x_BLD.flatten(0, 1), table_VD, self._no_bias, target_N)
            known_VE = self.elder.model.get_input_embeddings().weight
            share = torch.tensor(inherited, device=ids_BL.device)
            return self._with_elder(
                x_BLD.flatten(0, 1), table_VD, target_N, self.elder.hidden(given_BL), known_VE, share
            )


def train(pack: Path, out: Path, seconds: float, device: torch.device, options: argparse.Namespace) -> None:
    torch.manual_seed(11)
    torch.set_float32_matmul_precision("high")
    learner = Learner(Text(pack / "decoder", device), options, device)
    held_out = HeldOut(pack / "held-out.xz", options.length, out, device) if options.held_out else None
    try:
        for done in (0.0, 1.0):  # with an elder and without; nothing moves at a rate of 0
            learner.step(done, rates_at=0.0)
        if held_out:
            held_out.loss(learner.measured)
    except Exception as error:
        if not options.compile:
            raise
        raise NotCompiledError from error
    learner.forget()
    clock, told = Clock(seconds, device), Told(100)
    while (done := clock()) < 1:
        told.add("loss", learner.step(done), options.rows * options.length)
        told.step(done)
        if held_out and held_out.due(done * seconds):
            with clock.stopped():
                held_out.write(done * seconds, clock.steps, held_out.loss(learner.measured))
    if held_out:
        held_out.write(seconds, clock.steps, held_out.loss(learner.measured))
    save(learner, out, {"steps": clock.steps, "seconds": seconds})


def save(learner: Learner, out: Path, told: dict[str, float]) -> None:
    """Writes the table as the package stores it, and all else in float16, in small files."""
    out.mkdir(parents=True, exist_ok=True)
    state = {key: v for key, v in learner.model.state_dict().items() if key not in (TABLE, "lm_head.weight")}
    table = learner.table.detach().float().cpu()
    save_small({TABLE: table}, out / "decoder-table.safetensors", coarse=lambda _: True)
    save_parts(state, out, "decoder")
    places = told["steps"] * learner.options.rows * learner.options.length
    (out / "decoder.json").write_text(json.dumps({**told, "tokens": places}))
    log(f"{told['steps']} steps, {places:,} tokens")


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
    parser.add_argument("--elder", type=Path, help="weights of a smaller finished decoder, to learn from at first")
    parser.add_argument("--elder-size", default="base", choices=sorted(SHAPES), help="of the elder")
    parser.add_argument("--held-out", action="store_true", help="measure on PACK/held-out.xz as training goes on")
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
