"""Forging in seconds: the plan takes this machine for a slow one, so that tiny bases are trained for few steps."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from danlu.compress.distil import LIGHT
from danlu.factory import general, produce, student
from danlu.models.choice import ChoiceModel

if TYPE_CHECKING:
    from collections.abc import Generator

    from danlu.models.base import Base

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


@pytest.fixture
def _two_students(monkeypatch: pytest.MonkeyPatch) -> None:
    """N-grams and the deepest student of the plan: most of the time of a tiny forging is export."""
    names_of = student.names_of
    monkeypatch.setattr(student, "LIGHT", {})
    monkeypatch.setattr(student, "names_of", lambda plan: (names_of(plan)[0], names_of(plan)[-1]))


@pytest.fixture
def _tiny(monkeypatch: pytest.MonkeyPatch, tiny_base: Base) -> None:
    """The tiny base in the place of the embedded one, with a general model that knows nothing."""
    model = ChoiceModel(tiny_base.model, (10, 11)).eval()
    monkeypatch.setattr(produce, "open_base", lambda _: replace(tiny_base, name="embedded"))
    monkeypatch.setattr(general, "open_choice", lambda _: model)


@pytest.fixture(scope="session")
def danlu_command() -> list[str]:
    """`danlu` as a process of its own that plans as this one does."""
    return [sys.executable, "-c", COMMAND]
