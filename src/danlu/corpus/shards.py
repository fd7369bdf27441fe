"""Token shards: the pieces of a source's documents in one flat file, mapped into memory.

Knows arrays and files. Does not know texts, tokenizers or batches.

A shard is a folder: `tokens.bin` (uint16, little-endian, piece after piece), `starts.npy` (int64, one more than pieces)
and `about.json`, what its maker says of it. It appears under its name only when it is whole.
"""

from __future__ import annotations

import json
import shutil
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

MOST_TOKENS = 1 << 16  # of a vocabulary


@dataclass(frozen=True)
class Shard:
    """A finished shard.

    Attributes:
        name: of its source.
        tokens: (tokens,) uint16, mapped.
        starts: (pieces + 1,) int64.
        about: counts and settings.
    """

    name: str
    tokens: NDArray[np.uint16]
    starts: NDArray[np.int64]
    about: dict[str, Any]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(pieces,) in tokens."""
        return np.diff(self.starts)

    def piece(self, index: int) -> NDArray[np.uint16]:
        """The tokens of one piece."""
        return self.tokens[self.starts[index] : self.starts[index + 1]]


class ShardWriter:
    """Writes a shard piece by piece; what is interrupted leaves nothing under the shard's name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._partial = folder.with_name(f".{folder.name}.partial")
        self._starts = array("q", [0])

    def __enter__(self) -> ShardWriter:
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir(parents=True)
        self._file = (self._partial / "tokens.bin").open("wb")
        return self

    def append(self, ids: Sequence[int]) -> None:
        """Adds a piece of at least one token."""
        assert len(ids) > 0
        self._file.write(np.asarray(ids, "<u2").tobytes())
        self._starts.append(self._starts[-1] + len(ids))

    @property
    def tokens(self) -> int:
        """How many are written."""
        return self._starts[-1]

    @property
    def pieces(self) -> int:
        """How many are written."""
        return len(self._starts) - 1

    def finish(self, about: dict[str, Any], **beside: NDArray[Any]) -> None:
        """Gives the shard its name, replacing an older one; arrays given by name lie beside the tokens."""
        self._file.close()
        for name, values in beside.items():
            np.save(self._partial / f"{name}.npy", values)
        np.save(self._partial / "starts.npy", np.asarray(self._starts, np.int64))
        (self._partial / "about.json").write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")
        shutil.rmtree(self._folder, ignore_errors=True)
        self._partial.replace(self._folder)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        shutil.rmtree(self._partial, ignore_errors=True)


def open_shard(folder: Path) -> Shard:
    """Maps a finished shard.

    Raises:
        DataError: there is none, or its files do not belong together.
    """
    fix = "prepare the text again"
    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        starts = np.load(folder / "starts.npy", allow_pickle=False)
        size = (folder / "tokens.bin").stat().st_size
    except (OSError, ValueError) as bad:
        raise DataError(f"this is no whole shard ({bad})", fix, file=str(folder)) from bad
    whole = starts.ndim == 1 and len(starts) > 0 and starts[0] == 0 and (np.diff(starts) > 0).all()
    if not whole or size != 2 * int(starts[-1]):
        raise DataError("this is no whole shard (its files do not belong together)", fix, file=str(folder))
    tokens = np.memmap(folder / "tokens.bin", "<u2", mode="r") if size else np.zeros(0, np.uint16)
    return Shard(folder.name, tokens, starts, about)
