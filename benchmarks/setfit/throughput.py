"""Samples a second of a model file over a test file: python -m benchmarks.setfit.throughput MODEL TEST."""

import json
import sys
import time
from pathlib import Path

import danlu

model = danlu.load(sys.argv[1])
texts = [json.loads(line)["text"] for line in Path(sys.argv[2]).read_text(encoding="utf-8").split("\n") if line]
model.predict(texts[:64])
started = time.perf_counter()
model.predict(texts)
print(len(texts) / (time.perf_counter() - started))
