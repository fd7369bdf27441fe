"""Data parallelism: each process takes some rows of every batch, and all take the same step.

Knows processes and gradients. Does not know what is trained; a model is written for one device, and what is done to it
here is all that many need. Start the processes with torchrun or Ray Train: both set RANK, LOCAL_RANK and WORLD_SIZE.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import torch
import torch.distributed as dist
from torch.distributed.tensor import DTensor

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["replicate", "shard"]
PATIENCE = timedelta(hours=12)  # while the first process prepares text


@dataclass(frozen=True)
class World:
    """The processes of a training.

    Attributes:
        rank: of this process.
        size: how many there are.
        device: of this process.
        kind: whether each holds the whole model, or a share of it (FSDP: Zhao et al., 2023).
    """

    rank: int
    size: int
    device: torch.device
    kind: Kind = "replicate"

    @property
    def first(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0


def here() -> torch.device:
    """The device of this process."""
    local = int(os.environ.get("LOCAL_RANK", "0"))
    return torch.device("cuda", local) if torch.cuda.is_available() else torch.device("cpu")


def join(kind: Kind = "replicate") -> World:
    """This process's place among those that were started together; alone, if it was started alone."""
    device = here()
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if size > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    return World(int(os.environ.get("RANK", "0")), size, device, kind)


def wait(world: World) -> None:
    """Until all processes are here."""
    if world.size > 1:
        dist.barrier()


def leave() -> None:
    """Ends what `join` began."""
    if dist.is_initialized():
        dist.destroy_process_group()


def spread(model: torch.nn.Module, blocks: Iterable[torch.nn.Module], world: World) -> torch.nn.Module:
    """The model on this process's device, the same everywhere, its weights shared out if the world shards.

    Args:
        model: with the same weights in every process.
        blocks: modules whose weights are gathered together, such as layers.
        world: the processes.
    """
    model = model.to(world.device)
    if world.size > 1 and world.kind == "shard":
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        mesh = init_device_mesh(world.device.type, (world.size,))
        for block in blocks:
            fully_shard(block, mesh=mesh)
        fully_shard(model, mesh=mesh)
    elif world.size > 1:
        for tensor in [*model.parameters(), *model.buffers()]:
            dist.broadcast(tensor.data, 0)
    return model


def scale(world: World) -> float:
    """What a process's loss is multiplied by, so that gradients add up: sharding takes their mean."""
    return float(world.size) if world.kind == "shard" else 1.0


def add_gradients(model: torch.nn.Module, world: World) -> None:
    """Sums the gradients of all processes; sharded weights have done it by themselves."""
    if world.size == 1 or world.kind == "shard":
        return
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    flat = torch.cat([g.reshape(-1) for g in gradients])
    dist.all_reduce(flat)
    for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor that may be spread over processes, in one piece; all call this."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def total(value: float, world: World) -> float:
    """The sum of a number over all processes."""
    if world.size == 1:
        return value
    tensor = torch.tensor(value, dtype=torch.float64, device=world.device)
    dist.all_reduce(tensor)
    return float(tensor)
