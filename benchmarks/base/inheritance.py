"""Knowledge inheritance: how long a larger decoder takes to reach a loss, alone and with a smaller finished one.

    python -m benchmarks.base.inheritance --pack PACK --elder WEIGHTS --seconds 60     # one GPU

Two trainings of the shape "large" by `recipes.decoder_gpu`, alike in text, seed, rates and batch; the second has an
elder, and 27.3 % less time (the share that CPM-2 published; Zhang et al., 2021). It succeeds where its loss on held-out
text ends no higher. Every training falls to a rate of zero at its own end, so that neither is cut off half-way. Seconds
are those of training: compiling and measuring are left out on both sides.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import store

HERE = Path(__file__).parent
LESS = 0.273  # the published saving


def run(options: argparse.Namespace, name: str, seconds: float, more: list[str]) -> dict[str, Any]:
    """One training in a process of its own; its curve and what it came to."""
    out = options.out / name
    command = [
        *(sys.executable, "-m", "recipes.decoder_gpu", "--pack", str(options.pack), "--out", str(out), "--held-out"),
        *("--size", "large", "--seconds", str(seconds), "--device", options.device, *more),
    ]
    subprocess.run(command, check=True)
    curve = [json.loads(line) for line in (out / "curve.jsonl").read_text(encoding="utf-8").splitlines()]
    told = json.loads((out / "decoder.json").read_text(encoding="utf-8"))
    return {**told, "loss": curve[-1]["loss"], "curve": [[p["seconds"], p["step"], p["loss"]] for p in curve]}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--pack", type=Path, required=True, help="the folder of recipes.packed")
    parser.add_argument("--elder", type=Path, required=True, help="weights of the embedded decoder")
    parser.add_argument("--seconds", type=float, default=60, help="of the training without an elder")
    parser.add_argument("--out", type=Path, default=Path("build/inheritance"), help="where both are kept")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--results", type=Path, default=HERE / "inheritance.json")
    options = parser.parse_args()
    alone = run(options, "alone", options.seconds, [])
    shorter = round(options.seconds * (1 - LESS), 2)
    taught = run(options, "taught", shorter, ["--elder", str(options.elder)])
    found = {
        "device": torch.cuda.get_device_name() if options.device == "cuda" else "processor",
        "time saved": LESS,
        "alone": alone,
        "with an elder": taught,
        "loss no higher in less time": taught["loss"] <= alone["loss"],
    }
    store(options.results, found)
    print(json.dumps({key: value for key, value in found.items() if not isinstance(value, dict)}))
    print(f"alone {alone['loss']} in {options.seconds} s, with an elder {taught['loss']} in {shorter} s")


if __name__ == "__main__":
    main()
