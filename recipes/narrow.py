"""The narrow encoder of the package: two layers of half the width that learn the embedded encoder's hidden states.

    python -m recipes.narrow --pack PACK --work WORK --minutes 50    # resumable: again after a kill
    python -m recipes.narrow --work WORK --export                    # beside the package's encoder
    python -m recipes.narrow --data DATA --evaluate

PACK is what `recipes.packed` wrote. Every passage is read by both; the narrow one, through a matrix that is thrown away
afterwards, is pulled onto the encoder's last hidden state of every token, and onto its vector of the passage. Knows the
whole recipe; does not know which students begin with the result.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.factory.fixed import embedder, evaluate_encoder
from danlu.models.base import EMBEDDED, open_base, padded, token_embeddings
from danlu.models.narrow import Narrow, config_of, save_narrow
from danlu.models.shelf import write_sums
from danlu.runtime import autocast, start
from recipes.gpu import log
from recipes.packed import CLS, SEP, unpack
from recipes.trained import checkpoint, load_finished, planned_steps, resume

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from danlu.models.base import Base

SAVED = 240  # seconds between checkpoints
LONGEST = 248  # tokens of a passage between its marks


@dataclass(frozen=True)
class Recipe:
    """Every choice of the training; the weights depend on nothing else but the data and the number of steps."""

    width: int = 192
    depth: int = 2
    length: int = 256
    batch: int = 4_096  # tokens
    rate: float = 2e-3
    whole: float = 4.0  # weight of the passages' vectors beside the tokens' states
    most: int = 4_000_000  # tokens of a source
    seed: int = 7


@dataclass(frozen=True)
class Passages:
    """(tokens,) of all passages, each from its [CLS] to its [SEP], and (passages + 1,) where they begin."""

    tokens: NDArray[np.uint16]
    starts: NDArray[np.int64]

    def __getitem__(self, index: int) -> NDArray[np.int64]:
        return self.tokens[self.starts[index] : self.starts[index + 1]].astype(np.int64)


class Pupil(nn.Module):
    """The narrow encoder, and the matrix that maps its hidden states to the encoder's."""

    def __init__(self, base: Base, recipe: Recipe) -> None:
        super().__init__()
        assert base.static is not None
        table = token_embeddings(base.model).weight.detach()
        self.narrow = Narrow(config_of(recipe.width, recipe.depth, recipe.length), table.shape[1], base.static.shape[1])
        self.out = nn.Linear(recipe.width, base.model.config.hidden_size)
        centred = table - table.mean(0)
        direction = torch.linalg.eigh(centred.T @ centred)[1].flip(1)[:, : recipe.width]
        self.narrow.from_tokens.weight.data.copy_(0.05 * direction.T / centred.std())
        nn.init.normal_(self.narrow.from_static.weight, std=0.05)


def passages(stream: NDArray[np.uint16], rng: np.random.Generator) -> Iterator[NDArray[np.uint16]]:
    """Sentences of a document in a row, one or more: four times in five up to 64 tokens, else up to 250."""
    parts: list[NDArray[np.uint16]] = []
    wanted = 0
    for sentence in np.split(stream, np.flatnonzero(stream == SEP) + 1):
        tokens = sentence[sentence != SEP]
        if len(tokens) and tokens[0] == CLS:
            if parts:
                yield _framed(parts)
            parts, tokens = [], tokens[1:]
        if not parts:
            wanted = int(rng.integers(8, 64) if rng.random() < 0.8 else rng.integers(64, 250))
        parts.append(tokens)
        if sum(map(len, parts)) >= wanted:
            yield _framed(parts)
            parts = []
    if parts:
        yield _framed(parts)


def translations(stream: NDArray[np.uint16]) -> Iterator[NDArray[np.uint16]]:
    """Either side of each pair."""
    for sentence in np.split(stream, np.flatnonzero(stream == SEP) + 1):
        tokens = sentence[(sentence != SEP) & (sentence != CLS)]
        if len(tokens):
            yield _framed([tokens])


def _framed(parts: list[NDArray[np.uint16]]) -> NDArray[np.uint16]:
    return np.concatenate([[CLS], np.concatenate(parts)[:LONGEST], [SEP]]).astype(np.uint16)


def read(pack: Path, recipe: Recipe) -> Passages:
    """Passages of every source of a pack, and the sides of translations."""
    rng = np.random.default_rng(recipe.seed)
    found: list[NDArray[np.uint16]] = []
    for path in sorted((pack / "encoder").glob("*.xz")):
        found += passages(unpack(path)[: recipe.most], rng)
    found += translations(unpack(pack / "parallel.xz"))
    found = [passage for passage in found if len(passage) > 5]
    return Passages(np.concatenate(found), np.cumsum([0, *map(len, found)]))


def batches(data: Passages, recipe: Recipe) -> Iterator[list[NDArray[np.int64]]]:
    """Endless; of passages of about one length, of at most `batch` tokens together with padding."""
    lengths = np.diff(data.starts)
    for epoch in range(1 << 30):
        rng = np.random.default_rng((recipe.seed, epoch))
        order = rng.permutation(len(lengths))
        for begin in range(0, len(order), 20_000):
            block = order[begin : begin + 20_000]
            block = block[np.argsort(lengths[block], kind="stable")]
            groups: list[list[int]] = [[]]
            for index in block:
                if (len(groups[-1]) + 1) * lengths[index] > recipe.batch:
                    groups.append([])
                groups[-1].append(int(index))
            for group in rng.permutation(len(groups)):
                yield [data[index] for index in groups[group]]


def losses(
    pupil: Pupil, base: Base, static: torch.Tensor, batch: Sequence[NDArray[np.int64]]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The error of tokens' hidden states as a share of their variance, and the cosine distance of passages' vectors.

    Args:
        pupil: learns.
        base: what it learns from.
        static: (vocabulary, width) by `scaled`.
        batch: token ids of passages.
    """
    ids_BL, mask_BL = padded(batch)
    with autocast(torch.device("cpu")):
        with torch.no_grad():
            target_BLD = base.model(input_ids=ids_BL, attention_mask=mask_BL).last_hidden_state.float()
        rows_BLD = pupil.narrow.rows(token_embeddings(base.model)(ids_BL), static[ids_BL])
        found_BLD = pupil.out(pupil.narrow(rows_BLD, mask_BL)).float()
    real_BL1 = mask_BL.unsqueeze(-1).float()
    variance = target_BLD[mask_BL.bool()].var() * real_BL1.sum() * target_BLD.shape[-1]
    token = ((found_BLD - target_BLD).square() * real_BL1).sum() / variance
    found_BD, target_BD = (F.normalize((x * real_BL1).sum(1), dim=-1) for x in (found_BLD, target_BLD))
    return token, (1 - (found_BD * target_BD).sum(-1)).mean()


def optimiser_of(pupil: Pupil, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW over all of the pupil."""
    return torch.optim.AdamW(pupil.parameters(), lr=recipe.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)


def train(pack: Path, work: Path, minutes: float, recipe: Recipe) -> None:
    """Trains for about `minutes` in all, earlier runs included; how many steps that is, the first ones tell."""
    base = open_base()
    static, pupil = scaled(base), Pupil(base, recipe)
    optimiser = optimiser_of(pupil, recipe)
    step, planned, spent = resume(work, pupil, optimiser)
    data = read(pack, recipe)
    log(f"{len(data.starts) - 1} passages, {len(data.tokens) / 1e6:.1f} million tokens; step {step} of {planned}")
    first, mean, started, saved = step, np.zeros(2), time.monotonic() - spent, time.monotonic()
    for batch in islice(batches(data, recipe), step, None):
        if planned and step >= planned:
            break
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * min(1.0, (step + 1) / 100, 2 * (1 - step / planned) if planned else 1.0)
        token, whole = losses(pupil, base, static, batch)
        (token + recipe.whole * whole).backward()
        torch.nn.utils.clip_grad_norm_(pupil.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step, spent = step + 1, time.monotonic() - started
        if step == 50 and not planned:
            planned = planned_steps(minutes, spent, step)
        mean = 0.98 * mean + 0.02 * np.array([token.item(), whole.item()])
        if step % 100 == 0:
            seen = mean / (1 - 0.98 ** (step - first))
            log(f"step {step}/{planned} {seen.round(4)} {spent / step * (planned - step) / 60:.1f} min left")
        if time.monotonic() - saved > SAVED or step == planned:
            checkpoint(work, pupil, optimiser, step=step, planned=planned, spent=spent)
            saved = time.monotonic()


def scaled(base: Base) -> torch.Tensor:
    """The static embeddings, of length 1 on average."""
    static = torch.from_numpy(base.static)
    return static / static.norm(dim=1).mean()


def export(work: Path, folder: Path) -> None:
    """Writes the package's files from the last checkpoint; the scale of the static embeddings goes into a matrix."""
    base, recipe = open_base(), Recipe()
    pupil = Pupil(base, recipe)
    load_finished(work, pupil)
    assert base.static is not None
    pupil.narrow.from_static.weight.data /= float(np.linalg.norm(base.static, axis=1).mean())
    save_narrow(pupil.narrow, base.sha256, folder)
    write_sums(folder)


@torch.no_grad()
def opened(base: Base) -> Base:
    """The base with the narrow encoder in place of its own, which reads token ids as that one does."""
    assert base.narrow is not None
    assert base.static is not None
    body = copy.deepcopy(base.narrow.body)
    rows = base.narrow.rows(token_embeddings(base.model).weight, torch.from_numpy(base.static))
    body.set_input_embeddings(nn.Embedding.from_pretrained(rows))
    return replace(base, model=body)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--pack", type=Path, help="the folder of recipes.packed")
    parser.add_argument("--work", type=Path, help="where the checkpoint is kept")
    parser.add_argument("--minutes", type=float, default=50, help="training time on this machine")
    parser.add_argument("--data", type=Path, help="the folder that holds fewclue/ and pairs/")
    parser.add_argument("--export", action="store_true", help="write the package's files from the finished training")
    parser.add_argument("--evaluate", action="store_true", help="measure what the package holds")
    arguments = parser.parse_args()
    start(Recipe().seed)
    if arguments.evaluate and not arguments.data:
        parser.error("--data is needed to measure")
    if not arguments.evaluate and not arguments.work:
        parser.error("--work is needed to train and to export")
    if not (arguments.evaluate or arguments.export or arguments.pack):
        parser.error("--pack is needed to train")
    if arguments.export:
        export(arguments.work, EMBEDDED)
    elif arguments.evaluate:
        print(json.dumps(evaluate_encoder(embedder(opened(open_base())), arguments.data), indent=1))
    else:
        arguments.work.mkdir(parents=True, exist_ok=True)
        train(arguments.pack, arguments.work, arguments.minutes, Recipe())


if __name__ == "__main__":
    main()
