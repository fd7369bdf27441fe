"""The multiple-choice model: from labelled sets and plain text to the weights in the package.

Knows the mixture, its caps, and how the result is stored. Which questions a set gives is written in
`recipes.choice_rows` and `recipes.choice_made`, how they are packed in `recipes.choice_pack`, and how they are learned
in `recipes.choice_train`. No FewCLUE set and no OCNLI is trained on.

    python -m recipes.choice --data DATA --work WORK    # steps 1 and 2
    python -m recipes.choice --work WORK --seconds 85 --device cuda    # needs no data but rows.pack
    python -m recipes.choice --work WORK --export [--earlier FOLDER]

The weights of the package, version 2, were started from the end of the encoder's training (`--parts` of
`recipes.encoder_gpu`), and are read on the embeddings of the encoder that ships, which lies nearer to its start.

Steps, each writing its result into WORK; the first two are skipped when it is there:

1. rows.jsonl and counts.json: the questions, capped a source, without those of which a part stands in FewCLUE.
2. rows.pack: the questions in tokens.
3. choice-0.safetensors and choice-1.safetensors: the weights of a training that lasts so many seconds, in fp16.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from danlu.adapt.choice import encode
from danlu.corpus.overlap import Guard
from danlu.corpus.prepare import evaluation_texts
from danlu.models.base import EMBEDDED, open_base
from danlu.models.choice import CHOICE, ChoiceModel, marks_of, save_choice
from danlu.models.storage import load_small
from danlu.text.normalize import clean
from recipes.choice_made import made, read_text
from recipes.choice_meaning import meaning
from recipes.choice_pack import Asked, pack
from recipes.choice_rows import Question, labelled
from recipes.choice_train import load_parts, log, train_packed
from recipes.encoder_gpu import open_start, trained
from recipes.gpu import between

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tokenizers import Tokenizer

# Rows of a source that are kept.
CAPS = {
    "hotel": 17500, "sst2": 15500, "banking77": 12000, "trec": 6000, "afqmc": 30000, "lcqmc": 14000, "stsb-zh": 5000,
    "stsb-en": 5000, "snli-zh": 28000, "cluener": 15000, "crossner": 2200, "section": 14000, "science": 10000,
    "genre": 3700, "idiom": 150000, "word": 50000, "next": 24000, "keywords": 12000, "pronoun": 12000,
    "translation": 6000, "title cctv": 6600, "title fudan": 7300, "title lctt": 4000, "title enwiki": 4000,
    "title medical": 4000, "title counsel": 2700, "title forum": 1100, "paraphrase": 16000, "bilingual": 12000,
    "changed": 24000, "follows": 24000, "kind": 12000,
}  # fmt: skip


SEED = 17
LENGTH = 96  # tokens of a text
LABEL = 100  # a value that stands in more rows of FewCLUE is a label ("neutral") and no text


# 1. The mixture


def prepare(data: Path, work: Path) -> list[Question]:
    """The questions in the order in which they are learned; rows.jsonl and counts.json."""
    path = work / "rows.jsonl"
    if not path.exists():
        rng = random.Random(SEED)
        everything = list(labelled(data, rng))
        texts = read_text(data)
        everything += made(data, texts, rng)
        everything += meaning(data, texts, rng)
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
    times = Counter(clean(text) for text in evaluation_texts([place]))
    exact = {text for text, count in times.items() if len(text) > 5 and count <= LABEL}
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


# 2. Tokens


def packed(work: Path, questions: list[Question]) -> Path:
    """The questions in tokens; rows.pack."""
    path = work / "rows.pack"
    if not path.exists():
        base = open_base()
        no, yes = (base.tokenizer.token_to_id(word) for word in ("否", "是"))
        pack(encoded(base.tokenizer, questions), marks_of(base.tokenizer), (no, yes), work / "rows.partial")
        (work / "rows.partial").replace(path)
    return path


def encoded(tokenizer: Tokenizer, questions: list[Question]) -> Iterator[Asked]:
    """The questions in tokens, one by one."""
    for question in questions:
        row = encode(tokenizer, [question.sides], question.options, question.question, length=LENGTH)[0]
        yield Asked(row, question.answer, question.masked)


# 3. The package's files


def export(work: Path, earlier: Path | None, share: float) -> None:
    """Writes the package's files from the finished training; weights between those of an earlier model and its own."""
    base = open_base()
    model = ChoiceModel(base.model, (0, 0))
    load_parts(model, work)
    if earlier:
        state = between(load_small(earlier / "model.safetensors"), model.own(), share)
        model.load_state_dict(state, strict=False)
    save_choice(model, base.sha256, CHOICE)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, help="the folder with classification/, pairs/, text/ ...")
    parser.add_argument("--work", type=Path, required=True, help="where the steps keep their results")
    parser.add_argument("--seconds", type=float, default=0, help="train so long; 0 stops before")
    parser.add_argument("--parts", type=Path, help="start from the encoder in this --out of recipes.encoder_gpu")
    parser.add_argument("--start", type=Path, help="go on from the weights of an earlier model, in this folder")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=1, help="of the processor")
    parser.add_argument("--no-compile", action="store_true", help="run the layers as they are")
    parser.add_argument("--export", action="store_true", help="write the package's weights from the finished training")
    parser.add_argument("--earlier", type=Path, help="with --export: the folder of an earlier model of the same start")
    parser.add_argument("--share", type=float, default=0.6, help="with --earlier: how far from it, up to 1")
    arguments = parser.parse_args()
    work: Path = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)
    if arguments.export:
        export(work, arguments.earlier, arguments.share)
        return
    pack_file = work / "rows.pack"
    if not pack_file.exists():
        if not arguments.data:
            parser.error("--data is needed to make the questions")
        packed(work, prepare(arguments.data, work))
    if arguments.seconds:
        device = torch.device(arguments.device)
        encoder = open_start(EMBEDDED, 1).bert
        if arguments.parts:
            encoder.load_state_dict(trained(arguments.parts), strict=False)  # without the head of hidden tokens
        start = load_small(arguments.start / "model.safetensors") if arguments.start else None
        train_packed(
            pack_file, encoder.to(device), device, arguments.seconds, SEED,
            out=work, start=start, compiled=not arguments.no_compile,
        )  # fmt: skip


if __name__ == "__main__":
    main()
