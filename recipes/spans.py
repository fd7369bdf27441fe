"""The general extractor of the package: finds things of whatever kinds are named, from text that nobody marked.

    python -m recipes.spans_rows --text TEXT --data DATA --out ROWS   # the rows it learns from
    python -m recipes.spans --rows ROWS --work WORK --minutes 40      # resumable: again after a kill
    python -m recipes.spans --work WORK --export                      # into the package

Each step shows sentences of one language and some kinds of thing, called by one of their names: those that stand in the
sentences, and others that do not. The embedded encoder is moved by products of narrow matrices (`models/open_span.py`).
Knows the whole recipe; does not know who uses the result.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from danlu.adapt import span
from danlu.factory.extract_judge import calibrate, threshold
from danlu.factory.extract_material import wording
from danlu.models.base import embed, open_base, token_embeddings, token_ids
from danlu.models.open_span import EXTRACTOR, WIDEST, OpenSettings, OpenSpans, save_open_spans
from danlu.models.span import stretch_logits
from danlu.runtime import autocast, start
from danlu.text.entities import Reading
from danlu.text.pieces import WINDOW, by_character, frame, places, read
from danlu.train.spans import Piece, batch_of, loss, stretches
from recipes.gpu import log
from recipes.spans_types import CALLED, FINER
from recipes.trained import checkpoint, load_finished, planned_steps, resume

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from danlu.models.base import Base
    from danlu.text.entities import Candidates

SAVED = 240  # seconds between checkpoints
CHUNK = 20_000  # rows that are read at a time
EXAMPLES = Path(__file__).parents[1] / "examples"
JUDGES = ("order-desk", "who-works-where")  # marked by people: these say how far to believe what is found


@dataclass(frozen=True)
class Recipe:
    """Every choice of the training; the weights depend on nothing else but the rows and the number of steps."""

    tokens: int = 2_048  # of a batch, padding among them
    longest: int = 110  # tokens of a sentence
    kinds: int = 28  # put to the model at a time, or as many as stand in the sentences if these are more
    foreign: float = 0.3  # share of kinds that are called by their name in the other language
    least: int = 20  # times that a kind stands in the rows, to be put at all
    usual: int = (
        2_000  # times from which on a kind is not rare; rows with rare ones are shown up to `most` times as often
    )
    most: int = 6
    rate: float = 1e-3  # of the added products
    head_rate: float = 2e-3
    dropout: float = 0.1  # of the hidden states that are scored
    seed: int = 7


@dataclass(frozen=True)
class Sentence:
    """One row in tokens: marks are (first token, width less one) and kinds; unknown are ranges of tokens."""

    piece: Piece
    marks: list[tuple[int, int, tuple[str, ...]]]
    unknown: list[tuple[int, int]]


def sentences(path: Path, base: Base, reading: Reading, recipe: Recipe) -> list[Sentence]:
    """The rows of a file that are short enough, without marks that no stretch of tokens is."""
    tokenizer = by_character(base.tokenizer)
    found: list[Sentence] = []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    for begin in range(0, len(lines), CHUNK):
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines[begin : begin + CHUNK]]
        for row, tokens in zip(rows, read(tokenizer, [row["text"] for row in rows]), strict=True):
            if not 3 < len(tokens) <= recipe.longest:
                continue
            shift = len(reading.before)
            marks: list[tuple[int, int, tuple[str, ...]]] = []
            for first, last, kinds in row["marks"]:
                place = places(tokens, first, last)
                if place and place[1] - place[0] < WIDEST:
                    marks.append((place[0] + shift, place[1] - place[0], tuple(kinds)))
            unknown = [
                (place[0] + shift, place[1] + shift)
                for first, last in row["unknown"]
                if (place := places(tokens, first, last))
            ]
            ids, shapes = reading.framed(tokens, 0, len(tokens))
            found.append(Sentence(Piece(ids, shapes, np.zeros((0, 3), np.int64)), marks, unknown))
    return found


class Names:
    """Unit vectors of everything that kinds are called, by the embedded encoder."""

    def __init__(self, base: Base, kinds: Sequence[str]) -> None:
        self.called = {kind: CALLED.get(kind, ((kind,), (kind,))) for kind in kinds}
        words = sorted({word for both in self.called.values() for names in both for word in names})
        vectors = embed(base.model, token_ids(base.tokenizer, words, 64))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        self._vectors = dict(zip(words, torch.from_numpy(vectors), strict=True))

    def drawn(self, kinds: Sequence[str], english: bool, rng: random.Random, foreign: float) -> torch.Tensor:
        """(K, D) each kind by one of its names."""
        way = [english ^ (rng.random() < foreign) for _ in kinds]
        return torch.stack([self._vectors[rng.choice(self.called[k][w])] for k, w in zip(kinds, way, strict=True)])


def repeated(found: Sequence[Sentence], often: Counter[str], recipe: Recipe) -> list[Sentence]:
    """Every sentence, once or more: those with rare kinds more often, by the root of how rare they are."""
    out: list[Sentence] = []
    for each in found:
        rarest = min((often[kind] for _, _, kinds in each.marks for kind in kinds), default=recipe.usual)
        out += [each] * max(1, min(recipe.most, round((recipe.usual / max(rarest, recipe.least)) ** 0.5)))
    return out


def lessons(
    rows: Path, base: Base, reading: Reading, recipe: Recipe
) -> tuple[dict[str, list[Sentence]], dict[str, list[str]]]:
    """The sentences of each language, rare ones repeated, and the kinds that stand in enough of them."""
    ways: dict[str, list[Sentence]] = {}
    known: dict[str, list[str]] = {}
    for way in ("zh", "en"):
        found = sentences(rows / f"{way}.jsonl", base, reading, recipe)
        often = Counter(kind for each in found for _, _, kinds in each.marks for kind in kinds)
        known[way] = sorted(kind for kind, n in often.items() if n >= recipe.least)
        ways[way] = repeated(found, often, recipe)
    return ways, known


def batches(found: Sequence[Sentence], recipe: Recipe, seed: int) -> Iterator[list[Sentence]]:
    """Endless; sentences of about one length."""
    lengths = np.array([len(each.piece.ids) for each in found])
    for epoch in range(1 << 30):
        rng = np.random.default_rng((seed, epoch))
        order = rng.permutation(len(lengths))
        groups: list[list[int]] = []
        for begin in range(0, len(order), 4_000):
            block = order[begin : begin + 4_000]
            groups.append([])
            for index in block[np.argsort(lengths[block], kind="stable")]:
                if (len(groups[-1]) + 1) * lengths[index] > recipe.tokens:
                    groups.append([])
                groups[-1].append(int(index))
        for number in rng.permutation(len(groups)):
            yield [found[index] for index in groups[number]]


def put(batch: Sequence[Sentence], known: Sequence[str], recipe: Recipe, rng: random.Random) -> list[str]:
    """The kinds that are put to the model with a batch: those in it that are known, and others."""
    allowed = set(known)
    inside = sorted({kind for each in batch for _, _, kinds in each.marks for kind in kinds} & allowed)
    others = sorted(allowed - set(inside))
    return inside + rng.sample(others, max(0, min(len(others), recipe.kinds - len(inside))))


def masks(batch: Sequence[Sentence], kinds: Sequence[str], real_BLW: torch.Tensor) -> tuple[list[Any], torch.Tensor]:
    """Marks as `danlu.train.spans.loss` takes them, and (B, L, W, K) which stretches are known to be or not to be."""
    number = {kind: index for index, kind in enumerate(kinds)}
    known_BLWK = real_BLW.unsqueeze(-1).repeat(1, 1, 1, len(kinds))
    widths = torch.arange(real_BLW.shape[2])
    marks: list[Any] = []
    for row, each in enumerate(batch):
        for first, last in each.unknown:
            starts = torch.arange(real_BLW.shape[1])
            known_BLWK[row][(starts[:, None] <= last) & (starts[:, None] + widths >= first)] = False
        own: list[tuple[int, int, int]] = []
        for first, width, names in each.marks:
            own += [(first, width, number[kind]) for kind in names if kind in number]
            finer = {kind for name in names for kind in FINER.get(name, ())} - set(names)
            if not any(kind in FINER.get(name, ()) for kind in names for name in names):
                known_BLWK[row, first, width, [number[kind] for kind in finer if kind in number]] = False
        for first, width, kind in own:
            known_BLWK[row, first, width, kind] = True
        marks.append(np.array(own, np.int64).reshape(-1, 3))
    return marks, known_BLWK


def logits(
    model: OpenSpans, base: Base, batch: Sequence[Sentence], names_KD: torch.Tensor, reading: Reading, dropout: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, L, W, K) scores, and (B, L, W) which stretches lie in their sentence."""
    ids_BL, mask_BL, shapes_BL = batch_of([each.piece for each in batch])
    with autocast(torch.device("cpu")):
        embedded_BLD = token_embeddings(base.model)(ids_BL) + model.shapes(shapes_BL)
        hidden_BLD = base.model(inputs_embeds=embedded_BLD, attention_mask=mask_BL).last_hidden_state
    seen_BLD = torch.nn.functional.dropout(hidden_BLD.float(), dropout)
    return stretch_logits(seen_BLD, model.weights(names_KD)), stretches(mask_BL, reading, WIDEST)


def new_model(base: Base) -> OpenSpans:
    """A general extractor of the shape of an encoder."""
    config = base.model.config
    return OpenSpans(config.hidden_size, config.num_hidden_layers, config.intermediate_size)


def train(rows: Path, work: Path, minutes: float, recipe: Recipe) -> None:
    """Trains for about `minutes` in all, earlier runs included; how many steps that is, the first ones tell."""
    base = open_base()
    base.model.requires_grad_(False)
    torch.manual_seed(recipe.seed)
    model = new_model(base)
    before, after = frame(by_character(base.tokenizer))
    reading = Reading(tuple(before), tuple(after), recipe.longest, WIDEST)
    groups = [
        {"params": list(model.added.parameters()), "lr": recipe.rate},
        {"params": [p for n, p in model.named_parameters() if not n.startswith("added.")], "lr": recipe.head_rate},
    ]
    rates = [group["lr"] for group in groups]
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    step, planned, spent = resume(work, model, optimiser)
    ways, known = lessons(rows, base, reading, recipe)
    names = Names(base, sorted({kind for kinds in known.values() for kind in kinds}))
    model.attach(base.model)  # names are read by the encoder as it was
    log(f"{ {way: (len(found), len(known[way])) for way, found in ways.items()} }; step {step} of {planned}")
    done = {"zh": (step + 1) // 2, "en": step // 2}
    streams = {way: islice(batches(found, recipe, recipe.seed), done[way], None) for way, found in ways.items()}
    mean, first, started, saved = 0.0, step, time.monotonic() - spent, time.monotonic()
    while not planned or step < planned:
        way = ("zh", "en")[step % 2]
        rng = random.Random(recipe.seed * 1_000_003 + step)
        batch = next(streams[way])
        kinds = put(batch, known[way], recipe, rng)
        share = min(1.0, (step + 1) / 100, 2 * (1 - step / planned) if planned else 1.0)
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * share
        names_KD = names.drawn(kinds, way == "en", rng, recipe.foreign)
        torch.manual_seed(recipe.seed + step)
        scores, real_BLW = logits(model, base, batch, names_KD, reading, recipe.dropout)
        marks, known_BLWK = masks(batch, kinds, real_BLW)
        error = loss(scores, known_BLWK, marks).mean()
        error.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step, spent = step + 1, time.monotonic() - started
        if step == 50 and not planned:
            planned = planned_steps(minutes, spent, step)
        mean = 0.98 * mean + 0.02 * error.item()
        if step % 100 == 0:
            seen = mean / (1 - 0.98 ** (step - first))
            log(f"step {step}/{planned} {seen:.3f} {spent / step * (planned - step) / 60:.1f} min left")
        if time.monotonic() - saved > SAVED or step == planned:
            checkpoint(work, model, optimiser, step=step, planned=planned, spent=spent)
            saved = time.monotonic()


def settings_of(model: OpenSpans, base: Base, examples: Sequence[Path]) -> OpenSettings:
    """How far to believe what it finds, and from where on to take it, by rows that people marked.

    Args:
        model: the general extractor.
        base: the encoder it belongs to.
        examples: files of marked rows, of which it has learned nothing.
    """
    found: list[Candidates] = []
    gold: list[NDArray[np.int64]] = []
    tokenizer = by_character(base.tokenizer)
    before, after = frame(tokenizer)
    reading = Reading(tuple(before), tuple(after), WINDOW, WIDEST)
    for path in examples:
        rows: list[dict[str, Any]] = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
        kinds = sorted({entity["type"] for row in rows for entity in row["entities"]})
        network = span.head(base, base.model, wording(kinds, {}), WIDEST, 0, general=model).eval()
        found += span.predict(network, read(tokenizer, [row["text"] for row in rows]), reading)
        for row in rows:
            marks = [(entity["start"], entity["end"], kinds.index(entity["type"])) for entity in row["entities"]]
            gold.append(np.array(marks, np.int64).reshape(-1, 3))
    least, score = threshold(found, gold, nested=False)
    fitted = calibrate(found, gold, least)
    log(f"marked rows: F1 {100 * score:.1f} at a logit of {least}, scale {fitted.scale}, shift {fitted.shift}")
    return OpenSettings(fitted.scale, fitted.shift, least)


def export(work: Path, folder: Path, examples: Sequence[Path]) -> None:
    """Writes the package's files from the last checkpoint; `settings_of` takes the examples."""
    base = open_base()
    model = new_model(base)
    load_finished(work, model)
    save_open_spans(model, settings_of(model.eval(), base, examples), base.sha256, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=Path, help="the folder of recipes.spans_rows")
    parser.add_argument("--work", type=Path, required=True, help="where the checkpoint is kept")
    parser.add_argument("--minutes", type=float, default=40, help="training time on this machine")
    parser.add_argument("--export", action="store_true", help="write the package's files from the finished training")
    arguments = parser.parse_args()
    start(Recipe().seed)
    if not arguments.export and not arguments.rows:
        parser.error("--rows is needed to train")
    if arguments.export:
        export(arguments.work, EXTRACTOR, [EXAMPLES / name / "train.jsonl" for name in JUDGES])
    else:
        arguments.work.mkdir(parents=True, exist_ok=True)
        train(arguments.rows, arguments.work, arguments.minutes, Recipe())


if __name__ == "__main__":
    main()
