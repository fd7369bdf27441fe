"""The verbs about base models.

Knows options; everything it does is a call into the package. Heavy libraries are imported by the verb that needs them.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tqdm import tqdm

from danlu.errors import MissingExtra, OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator


def pretrain(
    texts: Annotated[list[Path], typer.Argument(help="Files of text, a row each; any format that forge reads.")],
    out: Annotated[Path, typer.Option("--out", help="The folder that gets everything; a stopped run goes on in it.")],
    kind: Annotated[str, typer.Option("--kind", help="decoder (continues) or encoder (fills masks).")] = "decoder",
    size: Annotated[str, typer.Option("--size", help="tiny, small, base or large.")] = "small",
    passes: Annotated[float, typer.Option("--passes", min=0.001, help="How often the text is read.")] = 1.0,
    minutes: Annotated[float | None, typer.Option("--minutes", min=0.001, help="Train so long instead.")] = None,
    vocabulary: Annotated[int, typer.Option("--vocabulary", min=300, max=65536, help="Tokens in all.")] = 16_384,
    tokenizer: Annotated[Path | None, typer.Option("--tokenizer", help="A tokenizer.json to use.")] = None,
    context: Annotated[int | None, typer.Option("--context", min=8, help="Tokens of the longest piece.")] = None,
    weight: Annotated[list[str] | None, typer.Option("--weight", help="NAME=2 reads a source twice a pass.")] = None,
    keep_out: Annotated[
        list[Path] | None, typer.Option("--keep-out", help="Evaluation data; never trained on.")
    ] = None,
    simplify: Annotated[bool, typer.Option("--simplify", help="Traditional hanzi become simplified.")] = False,
    elder: Annotated[Path | None, typer.Option("--elder", help="A smaller finished model to learn from first.")] = None,
    optimiser: Annotated[str, typer.Option("--optimiser", help="muon or adamw.")] = "muon",
    batch: Annotated[int, typer.Option("--batch", min=8, help="Tokens of a step.")] = 16_384,
    rate: Annotated[float, typer.Option("--rate", min=0.0, help="The peak learning rate.")] = 3e-3,
    schedule: Annotated[str, typer.Option("--schedule", help="Of the rate: wsd (level, then down) or cosine.")] = "wsd",
    shard: Annotated[bool, typer.Option("--shard", help="Many processes: each holds a share of it.")] = False,
    ray: Annotated[str | None, typer.Option("--ray", help="HOST:PORT of this machine's Ray cluster, or local.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="With --ray: processes; one a GPU.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="The column of the texts.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of everything drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a program to read.")] = False,
) -> None:
    """Train a base model from raw text. Start it with torchrun, or give it a --ray cluster, to use many processes."""
    with extra("pretrain"):
        from danlu.corpus.prepare import Cleaning
        from danlu.factory.base import make_base
        from danlu.factory.wish import Wish
        from danlu.parallel.data import join, leave
    if workers and not ray:
        raise OptionError("--workers is for --ray. Fix: name a cluster, or leave --workers out.")
    if tokenizer and elder:
        raise OptionError("An elder brings its vocabulary. Fix: leave --tokenizer out.")
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
        schedule=schedule,
        seed=seed,
        weights=dict(map(_weight, weight or [])),
        cleaning=Cleaning(context=context or _context(size), simplify=simplify, column=text),
    )
    given: dict[str, Any] = {"keep_out": keep_out or [], "vocabulary": tokenizer, "elder": elder}
    how = "shard" if shard else "replicate"
    if ray:
        with extra("cluster"):
            from danlu.factory.base_cluster import make_base_on_cluster

            figures = make_base_on_cluster(ray, workers, how, texts, out, wish, **given)
    else:
        world = join(how)
        try:
            figures = make_base(texts, out, wish, world, **given)
        finally:
            leave()
        if not world.first:
            return
    if as_json:
        typer.echo(json.dumps({"model": str(out / "model"), **figures}, ensure_ascii=False, indent=1))
        return
    typer.echo(f"{out / 'model'}: {figures['plan']['parameters'] / 1e6:.1f} million weights; loss on held-out text:")
    if not figures["held_out"]:
        typer.echo("  none was held out: the text is too short")
    for name, found in figures["held_out"].items():
        bits = f", {found['bits_per_character']:.3f} bits a character" if "bits_per_character" in found else ""
        typer.echo(f"  {name}: {found['loss']:.3f} nats a token{bits}")


def base(
    name: Annotated[str | None, typer.Argument(help="Of one model, to read its card.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write it as a folder that transformers opens.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a program to read.")] = False,
) -> None:
    """List the base models of the package and check every byte of theirs. Exit 1: something is broken."""
    from danlu.models.shelf import shelf

    if out and (as_json or not name):
        raise OptionError(
            "--out writes one model and lists none. Fix: danlu base encoder --out FOLDER, without --json."
        )
    kept = shelf()
    if name:
        kept = [one for one in kept if one.name == name]
        if not kept:
            raise OptionError(f"The package has no base model {name}. Fix: danlu base lists those it has.")
    if out:
        if kept[0].broken:
            raise OptionError(f"{name} is broken: {', '.join(kept[0].broken)}. Fix: install danlu again.")
        with extra("forge"):
            from danlu.factory.handover import hand_over
        opens = hand_over(kept[0].name, out)
        typer.echo(f"{out}: transformers.{opens}.from_pretrained opens it")
    elif as_json:
        models = [
            {"name": one.name, "folder": str(one.folder), "megabytes": round(one.megabytes, 2), "broken": one.broken}
            for one in kept
        ]
        typer.echo(json.dumps({"models": models}, ensure_ascii=False, indent=1))
    elif name:
        typer.echo(kept[0].card)
    else:
        for one in kept:
            state = f"broken: {', '.join(one.broken)}. Fix: install danlu again" if one.broken else "whole"
            title = one.card.split("\n", 1)[0].lstrip("# ")
            typer.echo(f"{one.name}: {title}, {one.megabytes:.1f} MB, {state}")
    raise typer.Exit(int(any(one.broken for one in kept)))


def evaluate_base(
    model: Annotated[str | None, typer.Argument(help="A folder, or an encoder's hub name; else the embedded.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="For encoders: holds fewclue/ and pairs/.")] = None,
    task: Annotated[list[str] | None, typer.Option("--task", help="One of the tasks; all by default.")] = None,
    text: Annotated[list[Path] | None, typer.Option("--text", help="For decoders: files of text.")] = None,
    masked: Annotated[bool, typer.Option("--masked", help="With --text: hidden tokens found.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a program to read.")] = False,
) -> None:
    """Measure a base model: an encoder's frozen vectors on public sets, or a decoder's bits a character of text."""
    if masked and (data or model or task or not text):
        raise OptionError("--masked is for the embedded encoder. Fix: danlu eval-base --masked --text FILE.")
    if (data is None) == (not text):
        raise OptionError("Encoders are measured on --data, decoders on --text. Fix: give one of the two.")
    if masked:
        figures = _masked_figures(text or [])
    else:
        figures = _encoder_figures(model, data, task) if data else _decoder_figures(model, text or [])
    if as_json:
        typer.echo(json.dumps({"model": model or "embedded", "figures": figures}, ensure_ascii=False, indent=1))
        return
    width = max(map(len, figures))
    for name, found in figures.items():
        around = f" ± {found['deviation']:.1f}" if "deviation" in found else ""
        typer.echo(f"{name:<{width}}  {found['metric']} {found['value']:.2f}{around}")


def _encoder_figures(model: str | None, data: Path, task: list[str] | None) -> dict[str, dict[str, Any]]:
    with extra("forge"):
        from danlu.factory.fixed import TASKS, embedder, evaluate_encoder
        from danlu.models.base import open_base
    for name in task or []:
        if name not in TASKS:
            raise OptionError(f"There is no task {name}. Fix: use one of {', '.join(TASKS)}.")
    if not data.is_dir():
        raise OptionError(f"--data {data} is no folder. Fix: name the folder that holds fewclue/ and pairs/.")
    with tqdm(unit=" texts", disable=not sys.stderr.isatty(), file=sys.stderr) as bar:
        return evaluate_encoder(embedder(open_base(model), tell=bar.update), data, task, bar.set_description_str)


def _decoder_figures(model: str | None, texts: list[Path]) -> dict[str, dict[str, Any]]:
    with extra("forge"):
        from danlu.factory.fixed import bits_per_character
        from danlu.models.decoder import open_decoder
    opened = open_decoder(model)
    return _of_each_file(
        texts, "bits a character", lambda rows, tell: bits_per_character(opened.model, opened.tokenizer, rows, tell)
    )


def _masked_figures(texts: list[Path]) -> dict[str, dict[str, Any]]:
    with extra("forge"):
        from danlu.factory.fixed import hidden_tokens
        from danlu.models.masked import open_masked
    tokenizer, model = open_masked()
    return _of_each_file(
        texts, "masked accuracy", lambda rows, tell: 100 * hidden_tokens(model, tokenizer, rows, tell).accuracy
    )


def _of_each_file(
    texts: list[Path], metric: str, measure: Callable[[Iterator[str], Callable[[int], object]], float]
) -> dict[str, dict[str, Any]]:
    from danlu.corpus.examples import single_texts
    from danlu.corpus.prepare import source_name
    from danlu.text.normalize import tidy

    figures: dict[str, dict[str, Any]] = {}
    with tqdm(unit=" characters", unit_scale=True, disable=not sys.stderr.isatty(), file=sys.stderr) as bar:
        for path in texts:
            value = measure(map(tidy, single_texts(path)), bar.update)
            name = source_name(path) if source_name(path) not in figures else str(path)
            figures[name] = {"metric": metric, "value": round(value, 4)}
    return figures


@contextmanager
def extra(name: str) -> Generator[None]:
    """Turns a missing library into the sentence that says which extra brings it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name and not error.name.startswith("danlu"):
            raise MissingExtra(error.name, name) from error
        raise


def _context(size: str) -> int:
    from danlu.models.fresh import SHAPES

    return SHAPES[size].context if size in SHAPES else 512


def _weight(given: str) -> tuple[str, float]:
    name, mark, value = given.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not (name and mark and 0 <= number < float("inf")):
        raise OptionError(f"--weight {given} is no weight. Fix: write NAME=NUMBER, such as news=2.")
    return name, number
