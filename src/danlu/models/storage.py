"""Weights stored small: some matrices in int4 or int8, everything else in float16; a tokenizer beside them, packed.

Knows tensors, one safetensors file and one gzip file; knows nothing of architectures.

int8 bears a float32 scale a row. int4 bears a float16 scale for every 32 columns of a row (the last group of a width
that is no multiple of 32 is shorter) and the levels -7 to 7, eight added, two a byte: the even column in the low half,
the odd one in the high half, which is 0 beyond the last column (block-wise quantisation: Dettmers and Zettlemoyer,
"The case for 4-bit precision", 2023).
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch.nn.functional import pad

from danlu.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transformers import PretrainedConfig

TOKENIZER = "tokenizer.json.gz"
GROUP = 32  # columns that share a scale in int4
_LEVELS = 7  # on either side of zero
_HALF = torch.finfo(torch.float16)
_SCALE = ".scale"


def save_small(
    state: dict[str, torch.Tensor],
    path: Path,
    rough: Callable[[str], bool] = lambda _: False,
    coarse: Callable[[str], bool] = lambda _: False,
) -> None:
    """Stores a state in one file.

    Args:
        state: names to tensors.
        path: of the file.
        rough: which matrices, by name, bear int8: an error of at most 1/254 of each row's largest weight.
        coarse: which matrices bear int4, rough or not: an error of at most 1/14 of the largest weight of 32 neighbours
            in a row, and a little for the scale; see `coarsened`.

    Raises:
        ValueError: a weight is no finite number or too large for float16, or a matrix to be rounded has no columns.
    """
    out: dict[str, torch.Tensor] = {}
    for key, value in state.items():
        rounded = coarse(key) or rough(key)
        if not bool(value.isfinite().all()) or not (rounded or bool(value.half().isfinite().all())):
            raise ValueError(f"{key} holds what is no finite number in float16")
        if rounded and (value.ndim != 2 or value.numel() == 0):
            raise ValueError(f"{key} is no matrix with rows and columns: {tuple(value.shape)}")
        if coarse(key):
            levels, scale = _levels(value)
            out |= {key: _packed(levels), key + _SCALE: scale}
        elif rough(key):
            scale = value.abs().amax(1).clamp_min(1e-8) / 127
            out[key] = (value / scale[:, None]).round().clamp(-127, 127).to(torch.int8)
            out[key + _SCALE] = scale
        else:
            out[key] = value.half().clone()
    save_file(out, path)


def load_small(path: Path) -> dict[str, torch.Tensor]:
    """What `save_small` stored, in float32.

    Raises:
        OptionError: the file is not there, or not whole.
    """
    try:
        stored = load_file(path)
    except (OSError, SafetensorError) as error:
        raise damaged(path, error) from error
    scales = {key + _SCALE for key in stored} & stored.keys()
    return {key: _opened(value, stored.get(key + _SCALE)) for key, value in stored.items() if key not in scales}


@torch.no_grad()
def coarsened(matrix: torch.Tensor) -> torch.Tensor:
    """(rows, columns) the values in float32 that a matrix has once stored in int4 and opened; a second time, the same.

    Weights above 7 × 65,504 in size are cut there; 32 neighbours below 3e-5 are all 0.
    """
    levels, scale = _levels(matrix)
    return levels * _spread(scale, matrix.shape[1])


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Stores a tokenizer, without truncation or padding, in bytes that repeat."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    (folder / TOKENIZER).write_bytes(gzip.compress(tokenizer.to_str().encode(), mtime=0))


def load_tokenizer(folder: Path) -> Tokenizer:
    """What `save_tokenizer` stored.

    Raises:
        OptionError: the file is not there, or not whole.
    """
    path = folder / TOKENIZER
    try:
        return Tokenizer.from_str(gzip.decompress(path.read_bytes()).decode())
    except Exception as error:  # the tokenizer raises nothing more specific
        raise damaged(path, error) from error


def load_config(path: Path) -> dict[str, Any]:
    """What `save_config` stored.

    Raises:
        OptionError: the file is not there, or not whole.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(path, error) from error
    if not isinstance(found, dict):
        raise damaged(path, TypeError("no object"))
    return found  # pyright: ignore[reportUnknownVariableType] - keys of JSON are strings


def damaged(path: Path, error: Exception) -> OptionError:
    """What to say of a file of the package that cannot be opened."""
    line = (str(error) or type(error).__name__).splitlines()[0]
    return OptionError(f"{path} cannot be opened ({line}). Fix: install danlu again, or see danlu base.")


def save_config(config: PretrainedConfig, vocabulary: int, path: Path) -> None:
    """The settings that differ from the class's own, without what says where and with what they were made."""
    settings = config.to_diff_dict() | {"vocab_size": vocabulary}
    dropped = {"architectures", "_name_or_path", "transformers_version", "dtype"}
    kept = {key: value for key, value in settings.items() if key not in dropped}
    path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _levels(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Whole numbers from -7 to 7, (rows, columns) in float32, and scales, (rows, groups) in float16.

    Scales stay among the normal numbers of float16, so that they are exact to 11 bits: the largest weight of a group is
    then at level 7, and a second rounding finds the same scale.
    """
    matrix = matrix.float()
    width = matrix.shape[1]
    largest = pad(matrix.abs(), (0, -width % GROUP)).unflatten(1, (-1, GROUP)).amax(2)
    # A product, since a quotient by a number is not rounded alike on every device.
    scale = (largest * (1 / _LEVELS)).clamp(_HALF.smallest_normal, _HALF.max).half()
    return (matrix / _spread(scale, width)).round().clamp(-_LEVELS, _LEVELS), scale


def _spread(scale: torch.Tensor, width: int) -> torch.Tensor:
    """(rows, groups) scales to (rows, width), each column's, in float32."""
    return scale.float().repeat_interleave(GROUP, 1)[:, :width]


def _packed(levels: torch.Tensor) -> torch.Tensor:
    """(rows, columns) levels to (rows, half as many) bytes."""
    halves = pad((levels + _LEVELS + 1).to(torch.uint8), (0, levels.shape[1] % 2))
    return halves[:, ::2] | halves[:, 1::2] << 4


def _opened(value: torch.Tensor, scale: torch.Tensor | None) -> torch.Tensor:
    if scale is None:
        return value.float()
    if value.dtype == torch.int8:
        return value.float() * scale.float()[:, None]
    halves = torch.stack((value & 15, value >> 4), 2).flatten(1)
    width = halves.shape[1] - int(not halves[:, -1].any())
    return (halves[:, :width].float() - _LEVELS - 1) * _spread(scale, width)
