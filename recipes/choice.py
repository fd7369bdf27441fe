"""The multiple-choice model: from labelled sets and plain text to the weights in the package.

Knows the mixture, its caps, the losses and how the result is stored. Which questions a set gives is written in
`recipes.choice_rows` and `recipes.choice_made`. No FewCLUE set and no OCNLI is trained on.

    python -m recipes.choice --data DATA --work WORK --minutes 60    # resumable: again after a kill
    python -m recipes.choice --data DATA --work WORK --export

Steps, each writing its result into WORK and skipped when it is there:

1. rows.jsonl and counts.json: the questions, capped a source, without those of which a part stands in FewCLUE.
2. training: at each option's mask, yes for the right option and no for the others (both sides weigh the same); the
   options' scores against one another (cross-entropy); in part of the rows, tokens of the text are hidden and found
   again among a sample of the vocabulary by the tied embeddings. The embeddings stay as they are.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.adapt.choice import encode, loss
from danlu.corpus.overlap import Guard
from danlu.corpus.prepare import evaluation_texts
from danlu.models.base import open_base
from danlu.models.choice import CHOICE, ChoiceModel, Laid, Marks, Row, lay_out, marks_of, save_choice
from danlu.text.normalize import clean
from danlu.train import checkpoint
from danlu.train.optimisers import warmup_stable_decay
from recipes.choice_made import made, read_text
from recipes.choice_rows import Question, labelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tokenizers import Tokenizer

# Rows of a source that are kept.
CAPS = {
    "hotel": 17500, "sst2": 15500, "banking77": 12000, "trec": 6000, "afqmc": 30000, "lcqmc": 14000, "stsb-zh": 5000,
    "stsb-en": 5000, "snli-zh": 23000, "cluener": 15000, "crossner": 2200, "section": 14000, "science": 10000,
    "genre": 3700, "idiom": 30000, "word": 12000, "next": 12000, "keywords": 12000, "pronoun": 12000,
    "translation": 6000, "title cctv": 6600, "title fudan": 7300, "title lctt": 4000, "title enwiki": 4000,
    "title medical": 4000, "title counsel": 2700, "title forum": 1100,
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """Every number of the recipe.

    Attributes:
        length: most tokens of a text.
        tokens: places of a batch, padding among them.
        rate: peak learning rate of the layers.
        head_rate: of the head.
        hidden: share of a text's tokens that is hidden, in rows that may be.
        negatives: tokens drawn at random that a hidden one is told from.
        recall: weight of that loss.
    """

    length: int = 96
    tokens: int = 2048
    rate: float = 2e-4
    head_rate: float = 1e-3
    hidden: float = 0.1
    negatives: int = 2000
    recall: float = 0.1
    seed: int = 17


def log(message: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {message}", file=sys.stderr, flush=True)


# 1. The mixture


def prepare(data: Path, work: Path, recipe: Recipe) -> list[Question]:
    """The questions in the order in which they are learned; rows.jsonl and counts.json."""
    path = work / "rows.jsonl"
    if not path.exists():
        rng = random.Random(recipe.seed)
        everything = list(labelled(data, rng))
        everything += made(data, read_text(data), rng)
        log(f"{len(everything)} questions made")
        kept, counts = without_evaluated(everything, data / "fewclue")
        kept = capped(kept, rng)
        for source, count in Counter(question.source for question in kept).items():
            counts[source]["trained"] = count
        (work / "counts.json").write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
        partial = work / "rows.tmp"
        with partial.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(question), ensure_ascii=False) + "\n" for question in kept)
        partial.replace(path)
    with path.open(encoding="utf-8", newline="\n") as file:
        rows = [json.loads(line) for line in file]
    log((work / "counts.json").read_text(encoding="utf-8"))
    return [Question(**row | {"sides": tuple(row["sides"]), "options": tuple(row["options"])}) for row in rows]


def without_evaluated(rows: list[Question], place: Path) -> tuple[list[Question], dict[str, dict[str, int]]]:
    """Questions of which no text is one of FewCLUE's, and no passage shares 13 units with one; how many were not."""
    exact = {clean(text) for text in evaluation_texts([place])}
    exact = {text for text in exact if len(text) > 5}
    guard = Guard(evaluation_texts([place]))
    counts: dict[str, dict[str, int]] = {}
    kept: list[Question] = []
    for start in range(0, len(rows), 5000):
        block = rows[start : start + 5000]
        texts = [[clean(text) for text in (*row.sides, *row.options)] for row in block]
        cut = iter(guard.clear([text for some in texts for text in some]))
        for row, some in zip(block, texts, strict=True):
            shared = sum(next(cut)[1] for _ in some)
            count = counts.setdefault(row.source, {"made": 0, "exact": 0, "overlapping": 0, "trained": 0})
            count["made"] += 1
            if any(text in exact for text in some):
                count["exact"] += 1
            elif shared:
                count["overlapping"] += 1
            else:
                kept.append(row)
    return kept, counts


def capped(rows: Iterable[Question], rng: random.Random) -> list[Question]:
    """At most as many a source as its cap says, drawn at random, in random order."""
    by_source: dict[str, list[Question]] = {}
    for row in rows:
        by_source.setdefault(row.source, []).append(row)
    kept = [row for name, found in by_source.items() for row in rng.sample(found, min(len(found), CAPS[name]))]
    rng.shuffle(kept)
    return kept


# 2. Training


def batches(lengths: list[int], tokens: int, seed: int) -> Iterator[list[int]]:
    """Endless batches of rows of similar length, as many as fit into `tokens` places."""
    measured = np.asarray(lengths)
    epoch = 0
    while True:
        rng = np.random.default_rng((seed, epoch))
        order = rng.permutation(len(measured))
        ready: list[list[int]] = []
        for start in range(0, len(order), 1500):
            part = order[start : start + 1500]
            batch: list[int] = []
            for index in part[np.argsort(measured[part], kind="stable")].tolist():
                if batch and (len(batch) + 1) * measured[index] > tokens:
                    ready.append(batch)
                    batch = []
                batch.append(index)
            ready.append(batch)
        yield from (ready[n] for n in rng.permutation(len(ready)))
        epoch += 1


def hide(laid: Laid, may_B: torch.Tensor, mask: int, share: float) -> tuple[Laid, torch.Tensor]:
    """Some tokens of the text become masks; where they stood, (B, L)."""
    chosen_BL = laid.text_BL & may_B[:, None] & (torch.rand(laid.ids_BL.shape) < share)
    hidden = laid.ids_BL.masked_fill(chosen_BL, mask)
    return Laid(hidden, laid.block_BL, laid.position_BL, laid.text_BL, laid.mask_BK, laid.real_BK), chosen_BL


def recall(model: ChoiceModel, hidden_ND: torch.Tensor, tokens_N: torch.Tensor, negatives: int) -> torch.Tensor:
    """Cross-entropy of hidden tokens among those of the batch and some of the vocabulary, by the tied embeddings."""
    drawn = torch.randint(5, len(model.table), (negatives,))
    candidates, target_N = torch.cat([tokens_N, drawn]).unique(return_inverse=True)
    logits = model.said(hidden_ND) @ model.table[candidates].T
    return F.cross_entropy(logits, target_N[: len(tokens_N)])


def objective(
    model: ChoiceModel, rows: list[Row], questions: list[Question], marks: Marks, recipe: Recipe
) -> tuple[torch.Tensor, dict[str, float]]:
    """The loss of a batch, and what to log of it."""
    laid = lay_out(rows, marks)
    may_B = torch.tensor([question.masked for question in questions])
    seen, chosen_BL = hide(laid, may_B, marks.mask, recipe.hidden)
    answer_B = torch.tensor([question.answer for question in questions])
    hidden_BLD = model.hidden(seen)
    score_BK = model.scores(seen, hidden_BLD)
    total = loss(score_BK, answer_B, laid.real_BK)
    told = {"choice": float(total.detach()), "right": float((score_BK.argmax(1) == answer_B).float().mean())}
    if chosen_BL.any():
        found = recall(model, hidden_BLD[chosen_BL], laid.ids_BL[chosen_BL], recipe.negatives)
        told["recall"] = float(found.detach())
        total = total + recipe.recall * found
    return total, told


def train(work: Path, questions: list[Question], recipe: Recipe, minutes: float, steps: int | None) -> None:
    """Trains; the number of steps is fixed by the speed of the first twenty. A checkpoint every three minutes."""
    base = open_base()
    model = fresh(base.tokenizer, base.model)
    rows, marks = encoded(base.tokenizer, questions, recipe), marks_of(base.tokenizer)
    optimizer = optimizer_of(model, recipe)
    peaks = [group["lr"] for group in optimizer.param_groups]
    done = checkpoint.restore(work / "checkpoints", model, [optimizer])
    planned = steps or (json.loads((work / "plan.json").read_text())["steps"] if (work / "plan.json").exists() else 0)
    told: dict[str, float] = {}
    places, started, saved, first = 0, time.time(), time.time(), done
    for step, index in enumerate(batches([row.length for row in rows], recipe.tokens, recipe.seed)):
        if step < done:
            continue
        if planned and step >= planned:
            break
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        rate = warmup_stable_decay(step, planned or 100_000, warmup=0.04, decay=0.6)
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * (rate if planned else min(1.0, (step + 1) / 100))
        total, now = objective(model, [rows[i] for i in index], [questions[i] for i in index], marks, recipe)
        total.backward()
        torch.nn.utils.clip_grad_norm_(model.own_parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        told = {key: 0.98 * told.get(key, value) + 0.02 * value for key, value in {**told, **now}.items()}
        places += sum(rows[i].length for i in index)
        spent = time.time() - started
        if step + 1 - first == 20 and not planned:
            planned = max(21, int(minutes * 60 / (spent / 20)))
            (work / "plan.json").write_text(json.dumps({"steps": planned}))
        if (step + 1) % 25 == 0:
            numbers = ", ".join(f"{key} {value:.3f}" for key, value in told.items())
            log(f"step {step + 1}/{planned} {numbers}; {places / spent:.0f} tokens a second")
        if time.time() - saved > 180 or step + 1 == planned:
            checkpoint.save(work / "checkpoints", step + 1, model, [optimizer])
            saved = time.time()


def optimizer_of(model: ChoiceModel, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW; the head moves faster than the layers, and the embeddings not at all."""
    for parameter in model.embeddings.parameters():
        parameter.requires_grad_(False)
    head = [p for name, p in model.named_parameters() if not name.startswith(("layers.", "embeddings."))]
    groups = [
        {"params": list(model.layers.parameters()), "lr": recipe.rate},
        {"params": head, "lr": recipe.head_rate},
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.01, fused=True)


def fresh(tokenizer: Tokenizer, encoder: object) -> ChoiceModel:
    """The model before training."""
    no, yes = (tokenizer.token_to_id(word) for word in ("否", "是"))
    return ChoiceModel(encoder, (no, yes)).train()  # pyright: ignore[reportArgumentType]


def encoded(tokenizer: Tokenizer, questions: list[Question], recipe: Recipe) -> list[Row]:
    """The questions in tokens."""
    return [
        row
        for question in questions
        for row in encode(tokenizer, [question.sides], question.options, question.question, length=recipe.length)
    ]


def export(work: Path) -> None:
    """Writes the package's files from the last checkpoint."""
    base = open_base()
    model = fresh(base.tokenizer, base.model)
    steps = checkpoint.restore(work / "checkpoints", model, [optimizer_of(model, Recipe())])
    planned = json.loads((work / "plan.json").read_text())["steps"]
    if steps < planned:
        raise SystemExit(f"training is at step {steps} of {planned}: run it to its end first")
    save_choice(model, base.sha256, CHOICE)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder with classification/, pairs/, text/ ...")
    parser.add_argument("--work", type=Path, required=True, help="where the steps keep their results")
    parser.add_argument("--minutes", type=float, default=60, help="training time on this machine")
    parser.add_argument("--steps", type=int, help="train so many steps instead")
    parser.add_argument("--export", action="store_true", help="write the package's weights from the finished training")
    arguments = parser.parse_args()
    recipe = Recipe()
    arguments.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(recipe.seed)
    if arguments.export:
        export(arguments.work)
        return
    train(arguments.work, prepare(arguments.data, arguments.work, recipe), recipe, arguments.minutes, arguments.steps)


if __name__ == "__main__":
    main()
