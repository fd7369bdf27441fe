"""FewCLUE by names of labels alone: `danlu forge` on the task's unlabelled texts, measured on test_public.

Knows the tasks that have unlabelled texts of one label each; the labels say what `benchmarks.zeroshot` asks with.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import DATA, rows, store, timed, write_rows
from danlu.models.choice import CHOICE

WHO = ("student", "teacher", "no_loop", "general")


def prepare(task: str, said: dict[str, str], column: str, folder: Path) -> None:
    """Texts, what labels say, and test_public as the test file; danlu itself leaves out texts that stand in it."""
    source = DATA / "fewclue" / task
    write_rows(folder / "unlabeled.jsonl", [{"sentence": row["sentence"]} for row in rows(source / "unlabeled.json")])
    tested = rows(source / "test_public.json")
    write_rows(folder / "test.jsonl", [{"sentence": row["sentence"], "label": row[column]} for row in tested])
    (folder / "labels.json").write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")


def forge(task: str, said: dict[str, str], column: str, minutes: float) -> dict[str, Any]:
    """Accuracies in percent, what they were measured on, and the seconds it took.

    Args:
        task: of FewCLUE.
        said: label to what it says in words.
        column: of the label in the test file.
        minutes: the budget.
    """
    with tempfile.TemporaryDirectory() as name:
        data, out = Path(name) / "data", Path(name) / "model.danlu"
        data.mkdir()
        prepare(task, said, column, data)
        command = [sys.executable, "-m", "danlu", "forge", str(data), "--out", str(out), "--json"]
        printed, seconds, _ = timed([*command, "--minutes", str(minutes)])
        made = json.loads(printed)
        figures = made["card"]["figures"]
        shipped = next(candidate for candidate in made["card"]["candidates"] if candidate["shipped"])
        return {
            **{who: round(100 * figures[who]["accuracy"], 2) for who in WHO},
            "interval95": [round(100 * edge, 2) for edge in figures["student"]["accuracy95"]],
            "ece": figures["student"]["ece"],
            "texts": made["card"]["data"]["unlabelled_read"],
            "shipped": f"{shipped['name']} {shipped['precision']}",
            "megabytes": round(out.stat().st_size / 1e6, 2),
            "seconds": round(seconds, 1),
            "cut": made["card"]["cut"],
            "loop": [[entry["admitted"], round(100 * entry["agreement"], 1)] for entry in made["card"]["loop"]],
        }


def measure_forged(tasks: dict[str, tuple[dict[str, str], str]], minutes: float, out: Path) -> None:
    """Forges every task that is not measured yet, of these weights of the general model and this budget.

    Args:
        tasks: what the labels of each say, and their column in the test file.
        minutes: the budget of each.
        out: the results file.
    """
    weights = hashlib.sha256((CHOICE / "model.safetensors").read_bytes()).hexdigest()
    stored = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    same = stored.get("weights") == weights and stored.get("minutes") == minutes
    found: dict[str, Any] = stored["tasks"] if same else {}
    for task, (said, column) in tasks.items():
        if task not in found:
            found[task] = forge(task, said, column, minutes)
            store(out, {"minutes": minutes, "weights": weights, "tasks": found})
        print(task, json.dumps(found[task], ensure_ascii=False), flush=True)
