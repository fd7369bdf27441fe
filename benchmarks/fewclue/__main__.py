"""FewCLUE, five folds: train_k for labels, dev_k for selection, unlabeled where it exists, measured on test_public.

    python -m benchmarks.fewclue [--tasks eprstmt tnews csldcp bustm ocnli csl chid cluewsc] [--folds 0 1 2 3 4]
        [--minutes 4]

Every forge is one `danlu forge` as a user would run it. Finished folds are kept, so a killed run goes on. CHID counts
whole questions. A results file is of one machine: `results.json` has all eight tasks, on a Xeon with AMX, and
`distilled.json` those of single texts with unlabelled ones since the general model is distilled on these, on an EPYC.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import DATA, rows, store, timed, write_rows

HERE = Path(__file__).parent
COLUMNS = {  # the columns that are kept; danlu finds out by itself which of them are what
    "eprstmt": ("sentence", "label"),
    "tnews": ("sentence", "label_desc"),
    "csldcp": ("content", "label"),
    "bustm": ("sentence1", "sentence2", "label"),
    "ocnli": ("sentence1", "sentence2", "label"),
    "csl": ("abst", "keyword", "label"),
    "chid": ("content", "candidates", "answer"),
    "cluewsc": ("text", "target", "label"),
}
TARGETS = {"eprstmt": 72.0, "tnews": 42.0, "csldcp": 51.0, "bustm": 60.7, "ocnli": 33.0, "csl": 50.0}
TARGETS |= {"chid": 14.9, "cluewsc": 55.6}
ROBERTA = {"eprstmt": 65.4, "tnews": 49.0, "csldcp": 35.5, "bustm": 60.7, "ocnli": 33.0, "csl": 50.0}
ROBERTA |= {"chid": 14.9, "cluewsc": 55.6}
PET = {"eprstmt": 86.7, "tnews": 54.5, "csldcp": 51.7, "bustm": 56.0, "ocnli": 44.0, "csl": 59.4}
PET |= {"chid": 61.2, "cluewsc": 57.5}
# FewCLUE paper, table 3: test_public, mean of five folds
PUBLISHED = {"fine-tuned RoBERTa-base (110M)": ROBERTA, "PET (110M)": PET}
WHO = ("student", "teacher", "no_loop", "gold_only")


def prepare(task: str, fold: int, folder: Path) -> None:
    """The task's own files in the layout of `danlu forge`; only texts and labels are kept."""
    columns = COLUMNS[task]
    source = DATA / "fewclue" / task
    for role, name in (("train", f"train_{fold}"), ("dev", f"dev_{fold}"), ("test", "test_public")):
        kept = [{column: row[column] for column in columns} for row in rows(source / f"{name}.json")]
        write_rows(folder / f"{role}.jsonl", kept)
    unlabelled = source / "unlabeled.json"
    if unlabelled.exists():
        kept = [{column: row[column] for column in columns[:-1]} for row in rows(unlabelled)]
        write_rows(folder / "unlabeled.jsonl", kept)


def forge(task: str, fold: int, minutes: float) -> dict[str, Any]:
    """Figures, seconds and size of one forge."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        prepare(task, fold, folder / "data")
        out = folder / "model.danlu"
        command = [sys.executable, "-m", "danlu", "forge", str(folder / "data"), "--out", str(out), "--json"]
        printed, seconds, peak = timed([*command, "--minutes", str(minutes)])
        made = json.loads(printed)
        card = made["card"]
        shipped = next(c for c in card["candidates"] if c["shipped"])
        result: dict[str, Any] = {who: round(100 * card["figures"][who]["accuracy"], 2) for who in WHO}
        return result | {
            "seconds": round(seconds, 1),
            "stages": made["seconds"],
            "peak_mib": round(peak),
            "megabytes": round(out.stat().st_size / 1e6, 2),
            "shipped": f"{shipped['name']} {shipped['precision']}",
            "ece": card["figures"]["student"]["ece"],
            "forms": {f["form"]: [round(100 * f["accuracy"], 1), f["weight"]] for f in card["forms"]},
            "loop": [[r["admitted"], round(100 * r["accuracy"], 1), r["kept"]] for r in card["loop"]],
            "candidates": {
                c["name"]: [round(100 * c["accuracy"], 2), c["precision"], round(c["bytes"] / 1e6, 1), c["fits"]]
                for c in card["candidates"]
            },
        }


def table(results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Mean and deviation over the folds."""
    out: dict[str, Any] = {}
    for task, folds in results.items():
        columns = {w: [fold[w] for fold in folds.values()] for w in (*WHO, "seconds", "megabytes")}
        out[task] = {
            w: [round(statistics.mean(v), 2), round(statistics.stdev(v), 2) if len(v) > 1 else 0.0]
            for w, v in columns.items()
        }
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--tasks", nargs="+", default=list(COLUMNS), choices=list(COLUMNS))
    parser.add_argument("--folds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    arguments = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    if arguments.out.exists():
        stored = json.loads(arguments.out.read_text(encoding="utf-8"))
        if stored["minutes"] == arguments.minutes:
            results = stored["folds"]
    for fold in arguments.folds:
        for task in arguments.tasks:
            if str(fold) in results.get(task, {}):
                continue
            results.setdefault(task, {})[str(fold)] = forge(task, fold, arguments.minutes)
            print(task, fold, json.dumps(results[task][str(fold)], ensure_ascii=False), flush=True)
            store(
                arguments.out,
                {
                    "minutes": arguments.minutes,
                    "mean_and_deviation": table(results),
                    "targets": TARGETS,
                    "published": PUBLISHED,
                    "folds": results,
                },
            )
    print(json.dumps(table(results), indent=1))


if __name__ == "__main__":
    main()
