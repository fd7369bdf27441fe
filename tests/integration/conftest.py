"""Forging in seconds: the plan takes this machine for a slow one, so that tiny bases are trained for few steps."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from danlu.compress.distil import LIGHT

if TYPE_CHECKING:
    from collections.abc import Generator

PLANNED = {
    "danlu.factory.plan.TUNE_SPEED": 12.0,
    "danlu.factory.extract_plan.TRAIN_SPEED": 3.0,
    "danlu.factory.extract_plan.BATCH": 4,
    "danlu.factory.choose.LATENCY_TEXTS": 20,
    "danlu.factory.stages.PATIENCE": 1e9,  # the clock of a busy machine cuts nothing
    "danlu.factory.extract_stages.PATIENCE": 1e9,
}
COMMAND = f"""
import pytest
for name, value in {PLANNED}.items():
    pytest.MonkeyPatch().setattr(name, value)
from danlu.cli import main
main()
"""


@pytest.fixture(autouse=True, scope="module")
def _few_steps() -> Generator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in PLANNED.items():
            patch.setattr(name, value)
        yield


@pytest.fixture
def _one_kind_of_light_student(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out a candidate where the way of the rows is tested: most of the time of a tiny forging is export."""
    monkeypatch.delitem(LIGHT, "narrow")


@pytest.fixture(scope="session")
def danlu_command() -> list[str]:
    """`danlu` as a process of its own that plans as this one does."""
    return [sys.executable, "-c", COMMAND]
