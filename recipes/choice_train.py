"""Training of the multiple-choice model on packed rows, for so many seconds, on a processor or a GPU.

Knows the losses, the schedule and how weights come back. Does not know words, files of questions or tokenizers: all
that it needs beside danlu's source and libraries is a pack and an encoder.

At each option's mask, yes for the right option and no for the others (both sides weigh the same); the options' scores
against one another (cross-entropy); in part of the rows, tokens of the text are hidden and found again among a sample
of the vocabulary by the tied embeddings. The embeddings stay as they are.

Shapes: as in `danlu.models.choice`; M hidden tokens that are found again, C candidates for them.
"""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F  # noqa: N812 - the field's name for it
from torch.nn.attention import SDPBackend, sdpa_kernel

from danlu.adapt.choice import loss
from danlu.models.choice import ChoiceModel, Laid, after_attention
from danlu.train.optimisers import warmup_stable_decay
from recipes.choice_pack import batches, one_of_each, open_pack

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from transformers import PreTrainedModel

    from danlu.models.choice import Rest
    from recipes.choice_pack import Batch, Packed

PARTS = ("choice-0.safetensors", "choice-1.safetensors")  # 11 MB each: a transfer that breaks off is repeated in parts
FINE = 10_000  # steps of the schedule


@dataclass(frozen=True)
class Recipe:
    """Every number of the recipe.

    Attributes:
        places: of a batch, padding among them.
        rate: peak learning rate of the layers.
        head_rate: of the head.
        hidden: share of a text's tokens that is hidden and found again, in rows that may be.
        noise: share of a text's tokens that is hidden in all other rows.
        dropout: after attention and after the wide part of each layer.
        found: hidden tokens of a batch that are found again, at most.
        negatives: tokens drawn at random that a hidden one is told from.
        recall: weight of that loss.
        warmup: share of the time over which the rates rise.
        decay: share of the time over which they fall.
        clip: the largest norm of all gradients together.
    """

    places: int
    rate: float
    head_rate: float
    found: int
    hidden: float = 0.1
    noise: float = 0.05
    dropout: float = 0.1
    negatives: int = 2000
    recall: float = 0.1
    warmup: float = 0.04
    decay: float = 0.6
    clip: float = 1.0


def on_processor() -> Recipe:
    """For one or a few processor cores."""
    return Recipe(places=1920, rate=2e-4, head_rate=1e-3, found=128)


def on_gpu() -> Recipe:
    """For one GPU; all buckets have as many places, so that what is compiled sees one shape."""
    return Recipe(places=30720, rate=5e-4, head_rate=2e-3, found=2048)


def log(message: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {message}", file=sys.stderr, flush=True)


def train_packed(
    pack: Path,
    encoder: PreTrainedModel,
    device: torch.device,
    seconds: float,
    seed: int = 17,
    *,
    out: Path | None = None,
    start: Mapping[str, torch.Tensor] | None = None,
    compiled: bool = True,
    recipe: Recipe | None = None,
) -> ChoiceModel:
    """A trained model, in evaluation mode.

    Args:
        pack: the file of `recipes.choice_pack`.
        encoder: fp32, on the device; its embeddings are final, and shared.
        device: where to train.
        seconds: of training; reading the file and compiling come on top.
        seed: of order, hiding and the head's first weights.
        out: a folder that gets the model's own weights in the middle and at the end.
        start: the model's own weights to go on from; by default the encoder's layers and a fresh head.
        compiled: whether to compile part of the layers; where that fails, they run as they are.
        recipe: by default what fits the device.
    """
    recipe = recipe or (on_gpu() if device.type == "cuda" else on_processor())
    torch.manual_seed(seed)
    packed = open_pack(pack, device)
    log(f"{len(packed.start_R)} rows, {len(packed.ids_T)} tokens")
    model = ChoiceModel(encoder, packed.no_yes).to(device).train()
    if start:
        model.load_state_dict(start, strict=False)  # the embeddings are the encoder's
    # Of the kernels for attention with a mask of its own, the one that has been there longest.
    kernels = sdpa_kernel([SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]) if device.type == "cuda" else nullcontext()
    with kernels:
        rest = tried(model, packed, recipe, compiled=compiled)
        learn(model, optimizer_of(model, recipe), packed, recipe, rest, seconds, seed, out)
    if out:
        save_parts(model, out)
    return model.eval()


def learn(
    model: ChoiceModel,
    optimizer: torch.optim.Optimizer,
    packed: Packed,
    recipe: Recipe,
    rest: Rest,
    seconds: float,
    seed: int,
    out: Path | None,
) -> None:
    """Trains until the time is up; waits for the device every 50 steps, and to store the weights half-way."""
    peaks = [group["lr"] for group in optimizer.param_groups]
    told_4 = torch.zeros(4, device=packed.ids_T.device)
    tokens, stored, started = 0, False, time.monotonic()
    for step, batch in enumerate(batches(packed, recipe.places, seed)):
        share = (time.monotonic() - started) / seconds
        if (step and step % 50 == 0) or share >= 1:
            report(told_4 / (step % 50 or 50), step, tokens, started, seconds)
            told_4.zero_()
        if share >= 1:
            break
        if share >= 0.5 and out and not stored:
            save_parts(model, out)
            stored = True
        factor = warmup_stable_decay(int(share * FINE), FINE, recipe.warmup, recipe.decay)
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * factor
        total, now_3 = objective(model, packed, batch, recipe, rest)
        total.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.own_parameters(), recipe.clip)
        # A step without a finite gradient is left out: the fused kernel reads this on the device.
        optimizer.found_inf = (~norm.isfinite()).float()  # pyright: ignore[reportAttributeAccessIssue]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        told_4 += torch.cat([now_3, optimizer.found_inf[None]])  # pyright: ignore[reportAttributeAccessIssue]
        tokens += batch.tokens


def report(told_4: torch.Tensor, step: int, tokens: int, started: float, seconds: float) -> None:
    """Logs means of the last steps."""
    choice, right, recall, skipped = told_4.tolist()
    spent = time.monotonic() - started
    log(
        f"step {step}, {spent:.1f} of {seconds:.0f} s: choice {choice:.3f}, right {right:.3f}, recall {recall:.3f}, "
        f"skipped {skipped:.2f}; {tokens / spent:,.0f} tokens a second"
    )


def tried(model: ChoiceModel, packed: Packed, recipe: Recipe, *, compiled: bool) -> Rest:
    """What computes `after_attention`: compiled, if a batch of every shape then goes through, forth and back."""
    began = time.monotonic()

    def plain(layer: Any, x_ND: torch.Tensor, mixed_ND: torch.Tensor) -> torch.Tensor:  # noqa: ANN401
        return after_attention(layer, x_ND, mixed_ND, recipe.dropout)

    ways: list[Rest] = [plain]
    if compiled:
        ways.insert(0, torch.compile(plain, dynamic=False, fullgraph=True))
    for rest in ways:
        try:
            finite = all(
                forth_and_back(model, packed, batch, recipe, rest) for batch in one_of_each(packed, recipe.places)
            )
        except Exception as error:  # compilers raise what they like, and the work goes on without
            if rest is plain:
                raise
            log(f"not compiled: {type(error).__name__}: {str(error)[:500]}")
            continue
        log(f"every shape tried in {time.monotonic() - began:.1f} s; {finite=}, compiled={rest is not plain}")
        if finite:
            return rest
    return plain


def forth_and_back(model: ChoiceModel, packed: Packed, batch: Batch, recipe: Recipe, rest: Rest) -> bool:
    """Whether a batch has a finite loss and gradient."""
    model.zero_grad(set_to_none=True)
    total, _ = objective(model, packed, batch, recipe, rest)
    total.backward()
    found = [p.grad for p in model.own_parameters() if p.grad is not None]
    model.zero_grad(set_to_none=True)
    return bool(total.isfinite()) and bool(torch.stack([grad.isfinite().all() for grad in found]).all())


def objective(
    model: ChoiceModel, packed: Packed, batch: Batch, recipe: Recipe, rest: Rest = after_attention
) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss of a batch; and (3,) the loss of the choice, the share of right ones, and the loss of recall.

    The layers run in bf16 on a GPU, and the head in fp32.
    """
    laid, answer_B = packed.laid(batch), packed.answer_R[batch.index_B]
    masked_B = packed.masked_R[batch.index_B]
    seen, chosen_BL = hide(laid, torch.where(masked_B, recipe.hidden, recipe.noise), packed.marks.mask)
    chosen_BL = chosen_BL & masked_B[:, None]
    device = laid.ids_BL.device.type
    with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
        hidden_BLD = model.hidden(seen, rest)
    hidden_BLD = hidden_BLD.float()
    score_BK = model.scores(seen, hidden_BLD)
    chosen = loss(score_BK, answer_B, laid.real_BK)
    place_M, real_M = first_places(chosen_BL.flatten(), recipe.found)
    hidden_MD = hidden_BLD.flatten(0, 1).index_select(0, place_M)
    found = recall(model, hidden_MD, laid.ids_BL.flatten()[place_M], real_M, recipe.negatives)
    right = (score_BK.argmax(1) == answer_B).float().mean()
    return chosen + recipe.recall * found, torch.stack([chosen, right, found]).detach()


def hide(laid: Laid, share_B: torch.Tensor, mask: int) -> tuple[Laid, torch.Tensor]:
    """A share of each row's text becomes masks; where they stand, (B, L)."""
    drawn_BL = torch.rand(laid.ids_BL.shape, device=laid.ids_BL.device)
    chosen_BL = laid.text_BL & (drawn_BL < share_B[:, None])
    hidden = laid.ids_BL.masked_fill(chosen_BL, mask)
    return Laid(hidden, laid.block_BL, laid.position_BL, laid.text_BL, laid.mask_BK, laid.real_BK), chosen_BL


def first_places(chosen_N: torch.Tensor, most: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(M,) the first places that are chosen, M always the same, and whether each is one."""
    most = min(most, len(chosen_N))
    at_N = torch.arange(len(chosen_N), device=chosen_N.device)
    number_N = chosen_N.cumsum(0) - 1
    slot_N = torch.where(chosen_N & (number_N < most), number_N, most)  # the last slot takes what is not wanted
    place_M = at_N.new_zeros(most + 1).scatter(0, slot_N, at_N)[:most]
    real_M = at_N[:most] <= number_N[-1]
    return torch.where(real_M, place_M, at_N[:most]), real_M


def recall(
    model: ChoiceModel, hidden_MD: torch.Tensor, tokens_M: torch.Tensor, real_M: torch.Tensor, negatives: int
) -> torch.Tensor:
    """Cross-entropy of hidden tokens among those of the batch and some of the vocabulary, by the tied embeddings."""
    table = model.table
    drawn = torch.randint(5, len(table), (negatives,), device=table.device)
    tokens_M = torch.where(real_M, tokens_M, drawn[0])
    candidates_C = torch.cat([tokens_M, drawn])
    number_C = torch.arange(len(candidates_C), device=table.device)
    first_V = number_C.new_full((len(table),), len(candidates_C))
    first_V = first_V.scatter_reduce(0, candidates_C, number_C, "amin")
    logits = model.said(hidden_MD) @ table[candidates_C].T
    logits = logits.masked_fill(first_V[candidates_C] != number_C, -torch.inf)  # a candidate counts once
    each_M = F.cross_entropy(logits, first_V[tokens_M], reduction="none")
    return (each_M * real_M).sum() / real_M.sum().clamp_min(1)


def optimizer_of(model: ChoiceModel, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW; the head moves faster than the layers, and the embeddings not at all."""
    for parameter in model.embeddings.parameters():
        parameter.requires_grad_(False)
    for parameter in model.own_parameters():
        parameter.requires_grad_(True)
    head = [p for name, p in model.named_parameters() if not name.startswith(("layers.", "embeddings."))]
    groups = [
        {"params": list(model.layers.parameters()), "lr": recipe.rate},
        {"params": head, "lr": recipe.head_rate},
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.01, fused=True)


def save_parts(model: ChoiceModel, folder: Path) -> None:
    """Writes the model's own weights in fp16, half of them into each file."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: value.detach().half().cpu().contiguous() for key, value in model.own().items()}
    half, seen = sum(value.numel() for value in state.values()) / 2, 0
    parts: tuple[dict[str, torch.Tensor], ...] = ({}, {})
    for key, value in state.items():
        parts[seen >= half][key] = value
        seen += value.numel()
    for name, part in zip(PARTS, parts, strict=True):
        save_file(part, folder / f"{name}.partial")
        (folder / f"{name}.partial").replace(folder / name)


def load_parts(model: ChoiceModel, folder: Path) -> None:
    """Reads what `save_parts` wrote."""
    state = {key: value.float() for name in PARTS for key, value in load_file(folder / name).items()}
    assert state.keys() == model.own().keys()
    model.load_state_dict(state, strict=False)
