"""The bytes of a model file, and files that are written whole or not at all.

A `.danlu` file is a zip of five stored entries: the ONNX graph, the tokenizer, the settings that turn text into its
inputs, the card, and a manifest with the SHA-256 of each. Nothing in it is unpickled or written to disk. Knows bytes
and their hashes; does not know what a model does.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import tempfile
import zipfile
from pathlib import Path

from danlu.errors import ArtifactError, OptionError

FORMAT = 8
ENTRIES = ("card.json", "config.json", "model.onnx", "tokenizer.json")
MANIFEST = "manifest.json"
# A stored graph that points to another file would make onnxruntime open it; this is the key of such a pointer.
_EXTERNAL_DATA = b"location"


def pack(entries: dict[str, bytes]) -> bytes:
    """The bytes of a model file: the same entries always give the same bytes.

    Args:
        entries: the contents of the entries named in ENTRIES.
    """
    hashes = {name: hashlib.sha256(entries[name]).hexdigest() for name in ENTRIES}
    manifest = json.dumps({"danlu": FORMAT, "sha256": hashes}, sort_keys=True).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in [(MANIFEST, manifest), *((name, entries[name]) for name in ENTRIES)]:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def _end_of(data: bytes) -> bytes:
    """How the last record of a zip of five entries starts and ends; others are not even parsed: they may be huge."""
    count = struct.pack("<HH", len(ENTRIES) + 1, len(ENTRIES) + 1)
    tail = data[-22:]
    return b"PK\x05\x06" + tail[4:8] + count + tail[12:] if len(tail) == 22 else b"PK"


def unpack(data: bytes) -> dict[str, bytes]:
    """The verified entries of a model file's bytes.

    Raises:
        ArtifactError: they are not exactly what `pack` writes: cut short, changed, extended, compressed or forged.
    """
    if not data.endswith(_end_of(data)):
        raise ArtifactError("This is not a danlu model, or it is cut short. Fix: get the original file again.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            ours = [info.filename for info in infos] == [MANIFEST, *ENTRIES] and all(
                info.compress_type == zipfile.ZIP_STORED and info.file_size <= len(data) for info in infos
            )
            manifest = json.loads(archive.read(MANIFEST)) if ours else None
            entries = {name: archive.read(name) for name in ENTRIES} if ours else {}
    except Exception as error:  # whatever zipfile and json raise for bytes somebody chose
        raise ArtifactError(f"The model file is damaged ({error}). Fix: get the original file again.") from error
    if not ours:
        raise ArtifactError("This zip is not a danlu model. Fix: give a file that danlu forge wrote.")
    if not isinstance(manifest, dict) or manifest.get("danlu") != FORMAT:
        raise ArtifactError(f"The model's format is not {FORMAT}. Fix: use the danlu version that wrote it.")
    if pack(entries) != data:
        raise ArtifactError("The model's contents do not match its hashes. Fix: get the original file again.")
    if _EXTERNAL_DATA in entries["model.onnx"]:
        raise ArtifactError("The model's graph points to other files. Fix: do not use it; get the original file.")
    return entries


def save(path: Path, entries: dict[str, bytes], *, force: bool = False) -> None:
    """Writes a model file whole or not at all.

    Raises:
        OptionError: the file exists and `force` is not given.
    """
    write_whole(path, pack(entries), force=force)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _place(temporary: str, path: Path) -> None:
    """Gives a finished file its name, unless the name is taken."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise FileExistsError from None
        Path(temporary).replace(path)


def write_whole(path: Path, data: bytes, *, force: bool) -> None:
    """Writes a file whole or not at all, never over another unless `force`.

    Raises:
        OptionError: the file exists and `force` is not given.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        if force:
            Path(temporary).replace(path)
        else:
            _place(temporary, path)
    except FileExistsError:
        raise OptionError(f"{path} exists. Fix: choose another --out, or --force to replace it.") from None
    finally:
        Path(temporary).unlink(missing_ok=True)
