"""The job folder: what each stage made, so that a killed run goes on at the stage it was in.

Knows names and files; knows nothing of what the stages do. Every file is written whole or not at all, and holds plain
arrays, tensors or JSON, never pickles.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import time
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.archive import write_whole
from danlu.errors import OptionError

try:
    import fcntl
except ImportError:  # Windows has none: there, what other jobs left stays
    fcntl = None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

_WRITTEN = "written.json"  # the hashes of the files that a job is about to write outside its folder


def folder_of(out: Path, identity: dict[str, Any]) -> Path:
    """The folder of a job: beside the model that is being made, named after everything the result depends on."""
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
    return out.parent / f".{_plain(out)}-{digest}.job"


def folders_of(out: Path) -> list[Path]:
    """The folders that jobs of a model left, whatever their options were."""
    name = re.compile(re.escape(f".{_plain(out)}-") + "[0-9a-f]{16}[.]job")
    return sorted(path for path in out.parent.glob(".*.job") if name.fullmatch(path.name))


def _plain(out: Path) -> str:
    return out.name.removesuffix(".danlu")


def _hold(folder: Path, *, alone: bool) -> int | None:
    """The folder, open and locked until it is closed or the process ends; None where that cannot be had."""
    if fcntl is None or not folder.is_dir():
        return None
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError:  # somebody else holds it, or the file system has no locks
        os.close(opened)
        return None
    return opened


def refuse_existing(files: Iterable[Path], folders: Iterable[Path], *, force: bool) -> None:
    """Refuses to replace a file, unless it is forced or one of the jobs wrote it before it was killed.

    Raises:
        OptionError: a file exists that none of them wrote.
    """
    for file in files:
        if not force and file.exists() and not any(_wrote(folder, file) for folder in folders):
            raise OptionError(f"{file} exists. Fix: choose another --out, or --force to replace it.")


def _wrote(folder: Path, file: Path) -> bool:
    """Whether a job wrote a file as it stands there."""
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() in _hashes(folder)


def _hashes(folder: Path) -> list[str]:
    written = folder / _WRITTEN
    return json.loads(written.read_text()) if written.exists() else []


class Job:
    """A folder with the results of finished stages.

    Attributes:
        folder: beside the model that is being made, named after everything the result depends on.
        seconds: how long each stage took when it ran, in this process or an earlier one.
    """

    def __init__(self, out: Path, identity: dict[str, Any]) -> None:
        """Opens the folder of this very job, if an earlier run left one; `identity` is JSON-able."""
        self.folder = folder_of(out, identity)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._out = out
        if (held := _hold(self.folder, alone=False)) is not None:
            weakref.finalize(self, os.close, held)
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

    def claim(self, file: Path, data: bytes) -> bool:
        """Notes that a file is about to be written; whether the one there is this job's own, from before a kill."""
        own = _wrote(self.folder, file)
        hashes = {*_hashes(self.folder), hashlib.sha256(data).hexdigest()}
        write_whole(self.folder / _WRITTEN, json.dumps(sorted(hashes)).encode(), force=True)
        return own

    def remove(self) -> None:
        """Removes the folder: the job is done, and what it wrote is the user's.

        With it go those that jobs of other options left, which were stopped on the way to the same model, unless a
        process is at work in them.
        """
        (self.folder / _WRITTEN).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        for folder in folders_of(self._out):
            if (held := _hold(folder, alone=True)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)

    def _write(self, file: Path, data: bytes, stage: str, started: float) -> None:
        write_whole(file, data, force=True)
        self.seconds[stage] = round(time.monotonic() - started, 1)
        write_whole(self.folder / "seconds.json", json.dumps(self.seconds).encode(), force=True)
