"""A served student under load: p50, p95 and requests a second at 1, 8 and 64 clients, cold start, memory.

    python -m benchmarks.serving MODEL TEXTS.jsonl

The server is held to one core; the clients, in this process, use the others. Requests are bounded in number and go to
the loopback address only.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.common import rows, store

HERE = Path(__file__).parent
REQUESTS = {1: 500, 8: 2_000, 64: 4_000}


def start(model: Path) -> tuple[subprocess.Popen[str], str, float]:
    """A server on one core: its process, its address, and the seconds until it answers."""
    command = [sys.executable, "-m", "danlu", "serve", str(model), "--port", "0"]
    pin = ["taskset", "-c", "0"] if len(os.sched_getaffinity(0)) > 1 else []
    begun = time.perf_counter()
    process = subprocess.Popen([*pin, *command], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r"http://[\d.]+:\d+", line)
        if found:
            break
    else:
        raise SystemExit("the server did not start")
    address = found.group()
    while True:
        try:
            httpx.get(f"{address}/health").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.01)
        else:
            return process, address, time.perf_counter() - begun


async def load(address: str, texts: list[str], clients: int, requests: int) -> dict[str, float]:
    """Latency in milliseconds and requests a second of `clients` that ask one text at a time, without pause."""
    times: list[float] = []
    left = iter(range(requests))

    async def client(http: httpx.AsyncClient) -> None:
        for number in left:
            begun = time.perf_counter()
            answer = await http.post(f"{address}/predict", json={"text": texts[number % len(texts)]})
            answer.raise_for_status()
            times.append(time.perf_counter() - begun)

    async with contextlib.AsyncExitStack() as stack:
        # A pool for each: one of many connections is itself slow. All are open before the clock starts: each reads
        # the certificates of the system first, which takes longer than many requests.
        pools = [await stack.enter_async_context(httpx.AsyncClient(timeout=30)) for _ in range(clients)]
        await asyncio.gather(*(http.get(f"{address}/health") for http in pools))
        begun = time.perf_counter()
        await asyncio.gather(*map(client, pools))
        spent = time.perf_counter() - begun
    p50, p95 = (float(np.percentile(times, q)) * 1_000 for q in (50, 95))
    return {"p50_ms": round(p50, 2), "p95_ms": round(p95, 2), "requests_per_second": round(requests / spent, 1)}


def resident(pid: int) -> float:
    """Resident memory of a process, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


def opening(model: Path) -> float:
    """Seconds to import danlu, open the file and predict one text, in a fresh process, median of five."""
    code = "import sys, danlu; danlu.load(sys.argv[1]).predict(['hello'])"
    spent: list[float] = []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code, str(model)], check=True)
        spent.append(time.perf_counter() - begun)
    return float(np.median(spent))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    arguments = parser.parse_args()
    texts = [str(row["text"]) for row in rows(arguments.texts)]
    result: dict[str, Any] = {
        "model": arguments.model.name,
        "megabytes": round(arguments.model.stat().st_size / 1e6, 2),
        "open_and_predict_seconds": round(opening(arguments.model), 3),
    }
    process, address, cold = start(arguments.model)
    try:
        result |= {"cold_start_seconds": round(cold, 2), "resident_mib_idle": round(resident(process.pid), 1)}
        asyncio.run(load(address, texts, 1, 50))
        for clients, requests in REQUESTS.items():
            result[f"{clients} clients"] = asyncio.run(load(address, texts, clients, requests))
        result["resident_mib_loaded"] = round(resident(process.pid), 1)
    finally:
        process.terminate()
        process.wait()
    store(arguments.out, result)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
