"""Everything a training needs to go on exactly where it was: written whole, read back, and pruned.

Knows tensors and files. Does not know what is trained. Tensors lie in safetensors, everything else in JSON: nothing
that is read back can run code.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from typing import TYPE_CHECKING, Any, cast

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_state_dict, set_state_dict

from danlu.errors import OptionError

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from torch.optim import Optimizer

KEPT = 2
_NAME = re.compile(r"step-(\d{9})")
_WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)
_JOINT = "|"  # between a parameter's name and that of its state


def save(folder: Path, step: int, model: torch.nn.Module, optimisers: list[Optimizer], *, write: bool = True) -> None:
    """Writes `folder/step-N`, and removes all but the newest two.

    Args:
        folder: of the training.
        step: how many steps are done.
        model: its parameters may be spread over processes; then every process calls this.
        optimisers: with their state.
        write: whether this is the process that writes.
    """
    weights, state = get_state_dict(model, optimisers, options=_WHOLE)
    if not write:
        return
    target = folder / f"step-{step:09d}"
    partial = folder / f".{target.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    moments = cast("dict[str, dict[str, torch.Tensor]]", state["state"])
    tensors = {name + _JOINT + key: value for name, kept in moments.items() for key, value in kept.items()}
    save_file(_distinct(cast("dict[str, torch.Tensor]", weights)), partial / "weights.safetensors")
    save_file(tensors, partial / "optimisers.safetensors")
    (partial / "groups.json").write_text(json.dumps(state["param_groups"]), encoding="utf-8")
    for file in partial.iterdir():
        with file.open("rb") as written:
            os.fsync(written.fileno())
    shutil.rmtree(target, ignore_errors=True)
    partial.replace(target)
    for _, old in found(folder)[:-KEPT]:
        shutil.rmtree(old)


def found(folder: Path) -> list[tuple[int, Path]]:
    """The finished checkpoints of a training with their steps, oldest first."""
    names = [(_NAME.fullmatch(path.name), path) for path in folder.glob("step-*")]
    return sorted((int(match[1]), path) for match, path in names if match)


def restore(folder: Path, model: torch.nn.Module, optimisers: list[Optimizer]) -> int:
    """Loads the newest checkpoint that can be read, if there is one, and says how many steps are done.

    Raises:
        OptionError: there are checkpoints, and none can be read or belongs to this model.
    """
    checkpoints = found(folder)
    if not checkpoints:
        return 0
    step, weights, state = _newest(checkpoints, folder)
    if weights.keys() != model.state_dict().keys():
        raise OptionError(f"The checkpoints in {folder} are of another model. Fix: train in another folder.")
    set_state_dict(
        model, optimisers, model_state_dict=cast("dict[str, Any]", weights), optim_state_dict=state, options=_WHOLE
    )
    return step


def _newest(checkpoints: list[tuple[int, Path]], folder: Path) -> tuple[int, dict[str, torch.Tensor], dict[str, Any]]:
    """Step, weights and state of the optimisers of the newest checkpoint that is not damaged."""
    for step, path in reversed(checkpoints):
        try:
            weights = load_file(path / "weights.safetensors")
            moments: dict[str, dict[str, torch.Tensor]] = {}
            for name, tensor in load_file(path / "optimisers.safetensors").items():
                parameter, key = name.split(_JOINT)
                moments.setdefault(parameter, {})[key] = tensor
            groups = json.loads((path / "groups.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, SafetensorError):
            continue
        return step, weights, {"state": moments, "param_groups": groups}
    raise OptionError(f"No checkpoint in {folder} can be read. Fix: remove the folder to train from the start.")


def _distinct(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Copies of tensors that share memory, as tied weights do: safetensors stores each by itself."""
    return {key: value.clone().contiguous() for key, value in weights.items()}
