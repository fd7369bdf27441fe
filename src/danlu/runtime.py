"""Device, threads, precision and seed: the one place that decides where and how torch computes.

Knows the machine; knows nothing of models or tasks.
"""

from __future__ import annotations

import os
import random

import numpy as np
import torch

from danlu.graph import cores


def start(seed: int, threads: int | None = None) -> None:
    """Seeds every generator and makes results repeatable.

    Args:
        seed: for Python, numpy and torch.
        threads: intra-op threads; by default as many as this process has cores.
    """
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - libraries that still draw from the global generator
    torch.manual_seed(seed)
    torch.set_num_threads(threads or cores())
    torch.set_flush_denormal(True)
    torch.use_deterministic_algorithms(True, warn_only=True)


def share_of_cores() -> int:
    """Cores for each of the processes that torchrun started on this machine."""
    return max(1, cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def autocast(where: torch.device) -> torch.autocast:
    """bf16 autocast where it is faster than fp32: on CUDA, and on CPUs with AMX tiles or bf16 products (AVX-512)."""
    amx = torch.cpu._is_amx_tile_supported()  # pyright: ignore[reportPrivateUsage] - no public name
    products = torch.cpu._is_avx512_bf16_supported()  # pyright: ignore[reportPrivateUsage] - nor here
    fast = where.type == "cuda" or bool(amx or products)
    return torch.autocast(where.type, dtype=torch.bfloat16, enabled=fast)
