"""A head that finds hidden tokens, on the embedded encoder as it is: minutes of a GPU or of a processor.

    python -m recipes.head_gpu --pack PACK --held-out PACK/held-out --out OUT --seconds 40
    python -m recipes.head_gpu --out OUT --export    # beside the package's encoder

Nothing of the encoder moves, so what it says of sentences stays as it was. Knows the loss and the loop; what is hidden,
and how the head looks, is in `recipes.encoder_gpu`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from danlu.models.base import EMBEDDED
from danlu.models.masked import save_head
from recipes.encoder_gpu import Encoder, Recipe, Text, bert_layer, hide, open_start
from recipes.gpu import Clock, Told, compiled, loaded, log, save_parts, set_rates, told_apart

if TYPE_CHECKING:
    from collections.abc import Callable


def head_of(model: Encoder) -> dict[str, torch.nn.Parameter]:
    """The parameters of the head by name."""
    return {key: p for key, p in model.named_parameters() if not key.startswith("bert.")}


def wanted(model: Encoder, ids_BL: torch.Tensor, recipe: Recipe) -> tuple[torch.Tensor, torch.Tensor]:
    """Hidden tokens of rows: (N, D) the last layer where they stood, and (N,) which they were."""
    shown_BL, places_BN = hide(ids_BL, recipe.hidden, recipe.joined, len(model.table))
    with torch.no_grad():
        x_BLD = model(shown_BL, model.table, padded=False)
    at_BND = x_BLD.gather(1, places_BN[..., None].expand(-1, -1, x_BLD.shape[-1]))
    return at_BND.flatten(0, 1), ids_BL.gather(1, places_BN).flatten()


def train(
    model: Encoder, text: Text, held_out: Text, seconds: float, recipe: Recipe, rows: int = 512, *, really_compile: bool
) -> dict[str, float]:
    """Trains the head for so many seconds.

    Returns:
        The share of hidden tokens found again in the held-out text, and their cross-entropy in nats.
    """
    model.requires_grad_(requires_grad=False)
    head = list(head_of(model).values())
    for parameter in head:
        parameter.requires_grad_()
    loss_of: Callable[..., torch.Tensor] = told_apart
    if really_compile:
        model.layer, loss_of = compiled(bert_layer), compiled(told_apart)
    optimiser = torch.optim.AdamW(head, lr=2e-3, betas=(0.9, 0.98), weight_decay=0.0)
    precision = torch.autocast(text.device.type, dtype=torch.bfloat16)

    def step(done: float) -> torch.Tensor:
        with precision:
            x_ND, target_N = wanted(model, text.rows(rows, recipe.length), recipe)
            loss = loss_of(model.said(x_ND), model.table, model.bias, target_N)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(head, 1.0)
        set_rates([optimiser], [2e-3], done, warmup=0.05, decay=0.6)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return loss

    step(0.0)  # compiles; the rate is 0
    clock, told = Clock(seconds, text.device), Told(100)
    while (done := clock()) < 1:
        told.add("masked", step(done), rows * recipe.length)
        told.step(done)
    found: list[torch.Tensor] = []
    torch.manual_seed(recipe.seed)
    with torch.no_grad(), precision:
        for _ in range(20):
            x_ND, target_N = wanted(model, held_out.rows(min(rows, 256), recipe.length), recipe)
            logits_NV = (model.said(x_ND) @ model.table.T + model.bias).float()
            loss = torch.nn.functional.cross_entropy(logits_NV, target_N)
            found.append(torch.stack([(logits_NV.argmax(1) == target_N).float().mean(), loss]))
    right, loss = torch.stack(found).mean(0).tolist()
    log(f"{right:.1%} of hidden tokens found, {loss:.3f} nats")
    return {"masked_accuracy": right, "masked_loss": loss, "steps": clock.steps, "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--pack", type=Path, help="the folder of recipes.packed")
    parser.add_argument("--held-out", type=Path, help="such a folder of other text")
    parser.add_argument("--start", type=Path, default=EMBEDDED, help="the folder of the encoder")
    parser.add_argument("--out", type=Path, required=True, help="where the head goes")
    parser.add_argument("--seconds", type=float, default=40, help="of training")
    parser.add_argument("--export", action="store_true", help="store the head that is in --out in the package")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rows", type=int, default=512, help="of a batch")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    if options.export:
        save_head(loaded(options.out, "head"))
        return
    if not options.pack or not options.held_out:
        parser.error("to train, --pack and --held-out are needed")
    recipe, device = Recipe(), torch.device(options.device)
    torch.manual_seed(recipe.seed)
    torch.set_float32_matmul_precision("high")
    model = open_start(options.start, recipe.chunk).to(device)
    text, held_out = (Text(folder / "encoder", device) for folder in (options.pack, options.held_out))
    told = train(model, text, held_out, options.seconds, recipe, options.rows, really_compile=options.compile)
    save_parts(head_of(model), options.out, "head")
    (options.out / "head.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
