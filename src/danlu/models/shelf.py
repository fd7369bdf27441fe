"""The base models that come with the package: which they are, and whether their files are whole.

Knows folders and checksums. Opening is `danlu.models.base`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

SHELF = Path(__file__).parent / "embedded"
SUMS = "SHA256SUMS"  # one line a file, as sha256sum writes and checks them
NEEDED = {"CARD.md", "config.json", "model.safetensors"}  # a tokenizer where the sums name one


@dataclass(frozen=True)
class Kept:
    """A base model of the package.

    Attributes:
        name: of its folder: "choice", "decoder", "encoder".
        folder: where it lies.
        megabytes: of all its files, in 10⁶ bytes.
        card: what it is, how it was made, what it is worth; in words.
        broken: its files that are missing, unknown, or not what they were when the package was made.
    """

    name: str
    folder: Path
    megabytes: float
    card: str
    broken: tuple[str, ...]


def shelf(folder: Path = SHELF) -> list[Kept]:
    """All base models of the package, every byte checked."""
    return [_kept(path) for path in sorted(folder.iterdir()) if path.is_dir()]


def write_sums(folder: Path) -> None:
    """Notes the checksums of a model's files."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != SUMS)
    lines = [f"{_digest(folder / name)}  {name}\n" for name in names]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def _kept(folder: Path) -> Kept:
    sums = folder / SUMS
    text = sums.read_text(encoding="utf-8", errors="replace") if sums.is_file() else ""
    parts = [line.partition("  ") for line in text.splitlines()]
    wanted: dict[str, str] = {name: digest for digest, _, name in parts}
    files = {path.name: path for path in folder.iterdir() if path.is_file() and path != sums}
    broken = {name for name in wanted.keys() | files.keys() | NEEDED if name not in files or name not in wanted}
    broken |= {name for name in files.keys() - broken if _digest(files[name]) != wanted[name]}
    size = sum(path.stat().st_size for path in files.values())
    card = (files["CARD.md"].read_text(encoding="utf-8") if "CARD.md" in files else "") or folder.name
    return Kept(folder.name, folder, size / 1e6, card, tuple(sorted(broken)))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
