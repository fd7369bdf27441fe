"""Peak memory of forging 240 labelled and 100,000 unlabelled rows: python -m benchmarks.memory.

The labelled rows are FewCLUE TNEWS fold 0; the unlabelled ones its 20,000, then lines of the text corpora.
"""

from __future__ import annotations

import json
import lzma
import sys
import tempfile
from pathlib import Path

from benchmarks.common import DATA, rows, store, timed, write_rows

ROWS = 100_000


def unlabelled() -> list[dict[str, str]]:
    texts = {str(row["sentence"]): None for row in rows(DATA / "fewclue" / "tnews" / "unlabeled.json")}
    with lzma.open(DATA / "text" / "zhihu-titles.jsonl.xz", "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            texts.setdefault(json.loads(line)["text"])
            if len(texts) == ROWS:
                break
    return [{"text": text} for text in texts]


def main() -> None:
    train = rows(DATA / "fewclue" / "tnews" / "train_0.json")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        folder.mkdir()
        write_rows(folder / "train.jsonl", [{"text": r["sentence"], "label": r["label_desc"]} for r in train])
        write_rows(folder / "unlabeled.jsonl", unlabelled())
        out = folder.parent / "m.danlu"
        _, seconds, peak = timed([sys.executable, "-m", "danlu", "forge", str(folder), "--out", str(out), "--json"])
    result = {"labelled": len(train), "unlabelled": ROWS, "peak_mib": round(peak), "limit_mib": 4096}
    store(Path(__file__).parent / "memory.json", result | {"seconds": round(seconds, 1)})
    print(json.dumps(result))


if __name__ == "__main__":
    main()
