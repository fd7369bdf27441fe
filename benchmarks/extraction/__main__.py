"""Entities: micro-F1 by exact span and type on CLUENER and three domains of CrossNER, and the speed with many types.

    python -m benchmarks.extraction [--tasks cluener crossner-ai crossner-music crossner-science] [--shots 5]
    python -m benchmarks.extraction --tasks who-works-where --out benchmarks/extraction/relations.json
    python -m benchmarks.extraction --zero
    python -m benchmarks.extraction --speed

Every forge is one `danlu forge` as a user would run it. With `--shots`, rows are drawn until every type has so many
entities, and the other training texts are unlabelled. Finished runs are kept, so a killed one goes on. CLUENER is
measured on the authors' dev set, since the labels of its test set are not public, and nothing is chosen by it. With
`--zero`, no row is learned from: `danlu ask --types` goes by the words of the types, spelled out where a set runs them
together.
Relations are measured on the example of the repository, as no public set of them is at hand: strict micro-F1.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.common import DATA, rows, store, timed, write_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).parent
TASKS = ("cluener", "crossner-ai", "crossner-music", "crossner-science")
EXAMPLE = "who-works-where"  # entities with relations
UNLABELLED = 1_000  # texts beside few examples
PUBLISHED = {"cluener": 78.0}  # BERT-base fine-tuned on all rows, about: CLUENER paper (Xu et al., 2020)
# Types of CrossNER as a person would write them.
SPELLED = {
    "academicjournal": "academic journal", "astronomicalobject": "astronomical object",
    "chemicalcompound": "chemical compound", "chemicalelement": "chemical element", "musicalartist": "musical artist",
    "musicalinstrument": "musical instrument", "musicgenre": "music genre", "programlang": "programming language",
    "misc": "miscellaneous",
}  # fmt: skip
TYPES, TEXTS, CHARACTERS = 31, 80, 100  # of the speed figure


def prepare(task: str, shots: int, folder: Path) -> None:
    """The task's files in the layout of `danlu forge`."""
    if task == EXAMPLE:
        shutil.copytree(HERE.parents[1] / "examples" / EXAMPLE, folder, dirs_exist_ok=True)
        return
    source = DATA / "extraction" / task
    for role in ("train", "dev", "test"):
        file = source / f"{role}.jsonl.gz"
        if not file.exists():
            continue
        found = rows(file)
        if role == "train" and shots:
            found, others = few(found, shots)
            write_rows(folder / "unlabeled.jsonl", [{"text": row["text"]} for row in others[:UNLABELLED]])
        if role == "dev" and shots:
            continue  # whoever has few examples has no dev set either
        write_rows(folder / f"{role}.jsonl", found)


def few(found: list[dict[str, Any]], shots: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows drawn until every type has so many entities, each row for a type that still lacks some; and the others."""
    random.Random(0).shuffle(found)
    kinds = sorted({entity["type"] for row in found for entity in row["entities"]})
    counts: Counter[str] = Counter()
    taken: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for row in found:
        own = Counter(entity["type"] for entity in row["entities"])
        wanted = any(counts[kind] < shots for kind in own)
        (taken if wanted else others).append(row)
        counts.update(own if wanted else {})
    assert all(counts[kind] >= shots for kind in kinds)
    return taken, others


def forge(task: str, shots: int, minutes: float, max_ms: float) -> dict[str, Any]:
    """Figures, seconds, size and latency of one forge."""
    from danlu.artifact import Extractor, load

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        prepare(task, shots, folder / "data")
        out = folder / "model.danlu"
        command = [sys.executable, "-m", "danlu", "forge", str(folder / "data"), "--out", str(out), "--json"]
        printed, seconds, peak = timed([*command, "--minutes", str(minutes), "--max-ms", str(max_ms)])
        made = json.loads(printed)
        card = made["card"]
        shipped = next(c for c in card["candidates"] if c["shipped"])
        model = load(out, threads=1)
        assert isinstance(model, Extractor)
        figures = card["figures"]
        return {
            **{who: round(100 * figures[who]["f1"], 2) for who in ("student", "teacher", "no_loop")},
            "interval95": [round(100 * edge, 2) for edge in figures["student"]["interval95"]],
            **({"relations": linked(figures)} if "relations" in figures["student"] else {}),
            "precision": round(100 * figures["student"]["precision"], 2),
            "recall": round(100 * figures["student"]["recall"], 2),
            "labelled": card["data"]["labelled"],
            "entities": card["data"]["entities"],
            "seconds": round(seconds, 1),
            "stages": made["seconds"],
            "peak_mib": round(peak),
            "megabytes": round(out.stat().st_size / 1e6, 2),
            "ms_a_text": latency(model, [row["text"] for row in rows(folder / "data" / "test.jsonl")[:200]]),
            "shipped": f"{shipped['name']} {shipped['precision']}",
            "plan": {key: card["plan"][key] for key in ("folds", "teacher_steps", "loop_steps", "student_steps")},
            "loop": [[r["admitted"], round(100 * r["f1"], 1), r["kept"]] for r in card["loop"]],
            "candidates": {
                c["name"]: [round(100 * c["f1"], 2), c["precision"], round(c["bytes"] / 1e6, 1), c["fits"]]
                for c in card["candidates"]
            },
        }


def zero(task: str) -> dict[str, Any]:
    """Figures of the general extractor, which is told the types' names and nothing else."""
    from danlu.evals.entities import summary
    from danlu.factory.ask_types import find

    found = rows(DATA / "extraction" / task / "test.jsonl.gz")
    kinds = sorted({entity["type"] for row in found for entity in row["entities"]})
    started = time.perf_counter()
    answers = find([row["text"] for row in found], [SPELLED.get(kind, kind) for kind in kinds])
    seconds = time.perf_counter() - started
    kind_of = {SPELLED.get(kind, kind): kind for kind in kinds}
    given = [[(span.start, span.end, kind_of[span.type]) for span in answer.spans] for answer in answers]
    gold = [[(each["start"], each["end"], each["type"]) for each in row["entities"]] for row in found]
    figures = summary(gold, given, kinds)
    return {
        "f1": round(100 * figures["f1"], 2),
        "interval95": [round(100 * edge, 2) for edge in figures["interval95"]],
        "precision": round(100 * figures["precision"], 2),
        "recall": round(100 * figures["recall"], 2),
        "per_type": {each["type"]: round(100 * each["f1"], 1) for each in figures["per_type"]},
        "texts": len(found),
        "ms_a_text": round(1_000 * seconds / len(found), 1),
    }


def linked(figures: dict[str, Any]) -> dict[str, Any]:
    """The same of relations."""
    found = {who: figures[who]["relations"] for who in ("student", "teacher", "no_loop")}
    student = found["student"]
    return {
        **{who: round(100 * each["f1"], 2) for who, each in found.items()},
        "interval95": [round(100 * edge, 2) for edge in student["interval95"]],
        "precision": round(100 * student["precision"], 2),
        "recall": round(100 * student["recall"], 2),
        "per_relation": {each["relation"]: round(100 * each["f1"], 1) for each in student["per_relation"]},
    }


def latency(model: Any, texts: list[str]) -> dict[str, float]:  # noqa: ANN401 - an Extractor, imported late
    """Milliseconds of one text on one thread: median and 95th percentile."""
    times: list[float] = []
    for text in texts:
        started = time.perf_counter()
        model.predict([text])
        times.append(1_000 * (time.perf_counter() - started))
    times.sort()
    return {"p50": round(times[len(times) // 2], 2), "p95": round(times[len(times) * 95 // 100], 2)}


def speed() -> dict[str, Any]:
    """Seconds that an opened file takes for 80 texts of 100 characters and 31 types, and, beside it, for one type.

    The scorer is not trained: what it costs does not depend on that. The encoder is the embedded one, whole, in int8.
    """
    from danlu.adapt import span
    from danlu.compress.export import spans_to_onnx, to_int8
    from danlu.extractor import KIND, Extractor
    from danlu.factory.extract_material import cut_base
    from danlu.models.base import open_base

    base = open_base()
    texts = [row["text"] for row in rows(DATA / "extraction" / "cluener" / "train.jsonl.gz")]
    joined = "".join(texts)
    given = [joined[start : start + CHARACTERS] for start in range(0, TEXTS * CHARACTERS, CHARACTERS)]
    small = cut_base(base, texts[:2_000], 12_000)
    out: dict[str, Any] = {"texts": TEXTS, "characters": CHARACTERS, "layers": 6, "precision": "int8"}
    for types in (1, TYPES):
        names = [f"type {number}" for number in range(types)]
        graph = to_int8(spans_to_onnx(span.head(base, small.model, names, 16, 0)))
        config = {"kind": KIND, "labels": names, "scale": 1.0, "shift": 0.0, "threshold": 0.5}
        entries = {
            "card.json": b"{}",
            "config.json": json.dumps({**config, "window": 126, "widest": 16, "nested": False}).encode(),
            "model.onnx": graph,
            "tokenizer.json": small.tokenizer.to_str().encode(),
        }
        model = Extractor("speed", entries)
        model.predict(given[:4])
        started, worked = time.perf_counter(), time.process_time()
        model.predict(given)
        out[f"seconds_{types}_types"] = round(time.perf_counter() - started, 2)
        out[f"processor_seconds_{types}_types"] = round(time.process_time() - worked, 2)
    return out


def published(runs: Iterable[str]) -> dict[str, float]:
    """What is published of the tasks that were run."""
    return {task: figure for task, figure in PUBLISHED.items() if any(run.startswith(f"{task},") for run in runs)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=[*TASKS, EXAMPLE])
    parser.add_argument("--shots", type=int, default=0, help="entities of each type; 0 takes all rows")
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--max-ms", type=float, default=10.0)
    parser.add_argument("--zero", action="store_true", help="only the general extractor, without a marked row")
    parser.add_argument("--speed", action="store_true", help="only the speed with many types")
    parser.add_argument("--note", default="", help="kept with the results: what else the machine did")
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    arguments = parser.parse_args()
    stored = json.loads(arguments.out.read_text(encoding="utf-8")) if arguments.out.exists() else {}
    runs, fast, none = stored.get("runs", {}), stored.get("speed", {}), stored.get("zero", {})
    if arguments.speed:
        fast = {**speed(), "note": arguments.note}
        print(json.dumps(fast), flush=True)
    if arguments.zero:
        none |= {task: {**zero(task), "note": arguments.note} for task in arguments.tasks}
        print(json.dumps(none), flush=True)
    for task in [] if arguments.speed or arguments.zero else arguments.tasks:
        name = f"{task}, {arguments.shots or 'all'} shots, {arguments.minutes:g} minutes"
        if name not in runs:
            runs[name] = {**forge(task, arguments.shots, arguments.minutes, arguments.max_ms), "note": arguments.note}
            print(name, json.dumps(runs[name], ensure_ascii=False), flush=True)
            store(arguments.out, {"published": published(runs), "speed": fast, "zero": none, "runs": runs})
    store(arguments.out, {"published": published(runs), "speed": fast, "zero": none, "runs": runs})


if __name__ == "__main__":
    main()
