"""Pairs of texts with all labelled rows, student against teacher: three tasks of labels and STS-B in two languages.

    python -m benchmarks.pairs [--tasks afqmc lcqmc snli-zh stsb-zh stsb-en] [--minutes 10] [--cut 0]

Every forge is one `danlu forge` as a user would run it. AFQMC and STS-B have training rows; of LCQMC and SNLI the dev
rows are learned from, and nothing else of them is used. Chinese STS-B has whole numbers, so `--task score` says that
they are scores. Labels are measured by accuracy, scores by the correlations of Spearman and Pearson, times 100. The
general model was trained on all of the rows that are learned from here (its card), on none of those of the test: where
it votes, held-out figures (`forms`, `candidates`) are far too high.
Finished runs are kept, so a killed one goes on; `--cut` takes so many training and test rows, to try the command.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import DATA, rows, store, timed, write_rows

HERE = Path(__file__).parent
LEARNED = {"afqmc": "train", "lcqmc": "dev", "snli-zh": "dev", "stsb-zh": "train", "stsb-en": "train"}
SCORED = ("stsb-zh", "stsb-en")
WHO = ("student", "teacher", "no_loop", "gold_only")


def prepare(task: str, cut: int, folder: Path) -> None:
    """The task's files in the layout of `danlu forge`; the dev rows of English STS-B choose."""
    source = DATA / "pairs" / task
    files = {"train": LEARNED[task], "test": "test"} | ({"dev": "dev"} if task == "stsb-en" else {})
    for role, name in files.items():
        found = rows(source / f"{name}.jsonl.gz")
        if cut:
            random.Random(0).shuffle(found)
            found = found[:cut]
        write_rows(folder / f"{role}.jsonl", found)


def forge(task: str, minutes: float, max_ms: float, cut: int) -> dict[str, Any]:
    """Figures, seconds and size of one forge."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        prepare(task, cut, folder / "data")
        out = folder / "model.danlu"
        command = [sys.executable, "-m", "danlu", "forge", str(folder / "data"), "--out", str(out), "--json"]
        command += ["--minutes", str(minutes), "--max-ms", str(max_ms)]
        printed, seconds, peak = timed([*command, *(["--task", "score"] if task in SCORED else [])])
        made = json.loads(printed)
        size = out.stat().st_size
    card = made["card"]
    figures, best = card["figures"], "r2" if task in SCORED else "accuracy"
    shown = ("spearman", "pearson") if task in SCORED else ("accuracy",)
    shipped = next(c for c in card["candidates"] if c["shipped"])
    return {
        **{key: {who: round(100 * figures[who][key], 2) for who in WHO if figures[who]} for key in shown},
        "interval95": [round(100 * edge, 2) for edge in figures["student"][f"{shown[0]}95"]],
        **({key: figures["student"][key] for key in ("rmse", "inside")} if task in SCORED else {}),
        "labelled": card["data"]["labelled"],
        "labelled_more": card["data"].get("labelled_more", 0),
        "test": card["data"]["test"],
        "seconds": round(seconds, 1),
        "stages": made["seconds"],
        "peak_mib": round(peak),
        "megabytes": round(size / 1e6, 2),
        "shipped": f"{shipped['name']} {shipped['precision']}",
        "cut": card["cut"],
        "plan": {key: card["plan"][key] for key in ("folds", "tuning_steps", "student_steps", "layers")},
        "forms": {f["form"]: [round(100 * f[shown[0]], 1), f["weight"]] for f in card["forms"]},
        "candidates": {
            c["name"]: [round(100 * c[best], 2), c["precision"], round(c["bytes"] / 1e6, 1), c["fits"]]
            for c in card["candidates"]
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--tasks", nargs="+", default=list(LEARNED), choices=list(LEARNED))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--max-ms", type=float, default=10.0)
    parser.add_argument("--cut", type=int, default=0, help="training and test rows, to try the command; 0 takes all")
    parser.add_argument("--note", default="", help="kept with the results: what else the machine did")
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    arguments = parser.parse_args()
    runs = json.loads(arguments.out.read_text(encoding="utf-8"))["runs"] if arguments.out.exists() else {}
    for task in arguments.tasks:
        name = f"{task}, {arguments.cut or 'all'} rows, {arguments.minutes:g} minutes, {arguments.max_ms:g} ms"
        if name in runs:
            continue
        made = forge(task, arguments.minutes, arguments.max_ms, arguments.cut)
        runs[name] = {**made, "note": arguments.note}
        print(name, json.dumps(runs[name], ensure_ascii=False), flush=True)
        store(arguments.out, {"runs": runs})


if __name__ == "__main__":
    main()
