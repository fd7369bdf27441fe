"""The verbs about base models.

Knows options; everything it does is a call into the package. Heavy libraries are imported by the verb that needs them.
"""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from danlu.errors import MissingExtra, OptionError


def pretrain(
    texts: Annotated[list[Path], typer.Argument(help="Files of text, a row each; any format that forge reads.")],
    out: Annotated[Path, typer.Option("--out", help="The folder that gets everything; a stopped run goes on in it.")],
    kind: Annotated[str, typer.Option("--kind", help="decoder (continues) or encoder (fills masks).")] = "decoder",
    size: Annotated[str, typer.Option("--size", help="tiny, small, base or large.")] = "small",
    passes: Annotated[float, typer.Option("--passes", min=0.001, help="How often the text is read.")] = 1.0,
    minutes: Annotated[float | None, typer.Option("--minutes", min=0.001, help="Train so long instead.")] = None,
    vocabulary: Annotated[int, typer.Option("--vocabulary", min=300, max=65536, help="Tokens in all.")] = 16_384,
    tokenizer: Annotated[Path | None, typer.Option("--tokenizer", help="A tokenizer.json to use.")] = None,
    context: Annotated[int, typer.Option("--context", min=8, help="Tokens of the longest piece.")] = 512,
    weight: Annotated[list[str] | None, typer.Option("--weight", help="NAME=2 reads a source twice a pass.")] = None,
    keep_out: Annotated[
        list[Path] | None, typer.Option("--keep-out", help="Evaluation data; never trained on.")
    ] = None,
    simplify: Annotated[bool, typer.Option("--simplify", help="Traditional hanzi become simplified.")] = False,
    elder: Annotated[Path | None, typer.Option("--elder", help="A smaller finished model to learn from first.")] = None,
    optimiser: Annotated[str, typer.Option("--optimiser", help="muon or adamw.")] = "muon",
    batch: Annotated[int, typer.Option("--batch", min=8, help="Tokens of a step.")] = 16_384,
    rate: Annotated[float, typer.Option("--rate", min=0.0, help="The peak learning rate.")] = 3e-3,
    shard: Annotated[bool, typer.Option("--shard", help="Under torchrun: each process holds a share of it.")] = False,
    text: Annotated[str | None, typer.Option("--text", help="The column of the texts.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of everything drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a program to read.")] = False,
) -> None:
    """Train a base model from raw text. Start it with torchrun to use many processes."""
    try:
        from danlu.corpus.prepare import Cleaning
        from danlu.factory.base import Wish, make_base
        from danlu.parallel.data import join, leave
    except ModuleNotFoundError as error:
        if error.name and not error.name.startswith("danlu"):
            raise MissingExtra(error.name, "pretrain") from error
        raise
    if kind not in ("decoder", "encoder"):
        raise OptionError(f"--kind {kind} is unknown. Fix: use decoder or encoder.")
    if optimiser not in ("adamw", "muon"):
        raise OptionError(f"--optimiser {optimiser} is unknown. Fix: use muon or adamw.")
    wish = Wish(
        kind=kind,
        size=size,
        vocabulary=vocabulary,
        passes=passes,
        minutes=minutes,
        batch=batch,
        rate=rate,
        optimiser=optimiser,
        seed=seed,
        weights=dict(map(_weight, weight or [])),
        cleaning=Cleaning(context=context, simplify=simplify, column=text),
    )
    world = join("shard" if shard else "replicate")
    try:
        figures = make_base(texts, out, wish, world, keep_out=keep_out or [], vocabulary=tokenizer, elder=elder)
    finally:
        leave()
    if not world.first:
        return
    if as_json:
        typer.echo(json.dumps({"model": str(out / "model"), **figures}, ensure_ascii=False, indent=1))
        return
    typer.echo(f"{out / 'model'}: {figures['plan']['parameters'] / 1e6:.1f} million weights; loss on held-out text:")
    for name, found in figures["held_out"].items():
        bits = f", {found['bits_per_character']:.3f} bits a character" if "bits_per_character" in found else ""
        typer.echo(f"  {name}: {found['loss']:.3f} nats a token{bits}")


def _weight(given: str) -> tuple[str, float]:
    name, mark, value = given.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not (name and mark and 0 <= number < float("inf")):
        raise OptionError(f"--weight {given} is no weight. Fix: write NAME=NUMBER, such as news=2.")
    return name, number
