"""What every benchmark needs: the machine's description, results written whole, and a child process that is timed.

Knows no benchmark.
"""

from __future__ import annotations

import gzip
import json
import os
import platform
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import danlu
from danlu.archive import write_whole
from danlu.graph import cores

DATA = Path(os.environ.get("DANLU_DATA", Path(__file__).parents[2] / "shared" / "data"))


def machine() -> str:
    """Processor, cores and memory of this machine, in words."""
    model = platform.processor() or "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().split("\n")
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
        flags = next((line for line in lines if line.startswith("flags")), "")
        model += ", AMX" if "amx_tile" in flags else ", no AMX"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {cores()} cores, {memory:.0f} GiB"


def rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file, gzip or plain."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file if line.strip()]


def write_rows(path: Path, values: list[dict[str, Any]]) -> None:
    """A JSONL file, whole."""
    text = "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)
    write_whole(path, text.encode(), force=True)


def timed(command: list[str]) -> tuple[str, float, float]:
    """Runs a command: its standard output, wall seconds, and its largest resident memory, in MiB."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        printed = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command, printed)
    return printed, time.perf_counter() - started, usage.ru_maxrss / 1024


def store(path: Path, value: dict[str, Any]) -> None:
    """Writes a results file with the day and the machine."""
    full = {"date": date.today().isoformat(), "machine": machine(), "danlu": danlu.__version__, **value}
    write_whole(path, (json.dumps(full, ensure_ascii=False, indent=1) + "\n").encode(), force=True)
    print(f"results: {path}", file=sys.stderr)
