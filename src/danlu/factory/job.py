"""The job folder: what each stage made, so that a killed run goes on at the stage it was in.

Knows names and files; knows nothing of what the stages do. Every file is written whole or not at all, and holds plain
arrays, tensors or JSON, never pickles.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.archive import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]


class Job:
    """A folder with the results of finished stages.

    Attributes:
        folder: beside the model that is being made, named after everything the result depends on.
        seconds: how long each stage took when it ran, in this process or an earlier one.
    """

    def __init__(self, out: Path, identity: dict[str, Any]) -> None:
        """Opens the folder of this very job, if an earlier run left one; `identity` is JSON-able."""
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
        self.folder = out.parent / f".{out.stem}-{digest}.job"
        self.folder.mkdir(parents=True, exist_ok=True)
        clock = self.folder / "seconds.json"
        self.seconds: dict[str, float] = json.loads(clock.read_text()) if clock.exists() else {}

    @property
    def spent(self) -> float:
        """Seconds that all finished stages took together."""
        return sum(self.seconds.values())

    def has(self, stage: str) -> bool:
        """Whether a stage of arrays, or a file of bytes, is finished."""
        return (self.folder / f"{stage}.npz").exists() or (self.folder / stage).exists()

    def keep(self, stage: str, make: Callable[[], Arrays]) -> Arrays:
        """The arrays of a stage: read if it is finished, made and written otherwise."""
        file = self.folder / f"{stage}.npz"
        if not file.exists():
            started = time.monotonic()
            buffer = io.BytesIO()
            np.savez(buffer, **make())  # pyright: ignore[reportArgumentType] - the stub takes allow_pickle by name
            self._write(file, buffer.getvalue(), stage, started)
        with np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}

    def keep_bytes(self, stage: str, make: Callable[[], bytes]) -> bytes:
        """The same for bytes."""
        file = self.folder / stage
        if not file.exists():
            started = time.monotonic()
            self._write(file, make(), stage, started)
        return file.read_bytes()

    def remove(self) -> None:
        """Removes the folder: the job is done."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, file: Path, data: bytes, stage: str, started: float) -> None:
        write_whole(file, data, force=True)
        self.seconds[stage] = round(time.monotonic() - started, 1)
        write_whole(self.folder / "seconds.json", json.dumps(self.seconds).encode(), force=True)
