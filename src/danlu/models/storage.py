"""Weights stored small: chosen matrices in int8 with a scale a row, everything else in float16.

Knows tensors and one safetensors file; knows nothing of architectures.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file, save_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transformers import PretrainedConfig

_SCALE = ".scale"


def save_small(state: dict[str, torch.Tensor], path: Path, rough: Callable[[str], bool]) -> None:
    """Stores a state in one file.

    Args:
        state: names to tensors.
        path: of the file.
        rough: which matrices, by name, bear int8: an error of at most 1/254 of each row's largest weight.
    """
    out: dict[str, torch.Tensor] = {}
    for key, value in state.items():
        if rough(key):
            scale = value.abs().amax(1).clamp_min(1e-8) / 127
            out[key] = (value / scale[:, None]).round().clamp(-127, 127).to(torch.int8)
            out[key + _SCALE] = scale
        else:
            out[key] = value.half().clone()
    save_file(out, path)


def load_small(path: Path) -> dict[str, torch.Tensor]:
    """What `save_small` stored, in float32."""
    stored = load_file(path)
    return {
        key: value.float() * stored[key + _SCALE].float()[:, None] if key + _SCALE in stored else value.float()
        for key, value in stored.items()
        if not key.endswith(_SCALE)
    }


def save_config(config: PretrainedConfig, vocabulary: int, path: Path) -> None:
    """The settings that differ from the class's own, without what says where and with what they were made."""
    settings = config.to_diff_dict() | {"vocab_size": vocabulary}
    dropped = {"architectures", "_name_or_path", "transformers_version", "dtype"}
    kept = {key: value for key, value in settings.items() if key not in dropped}
    path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
