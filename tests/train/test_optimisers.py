"""Rates and groups of optimisers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.models.fresh import FRESH, SHAPES
from danlu.train.optimisers import OPTIMISERS, SCHEDULES


@given(st.integers(1, 5000), st.data())
def test_rates_stay_between_nothing_and_the_peak(steps, data):
    step = data.draw(st.integers(0, steps - 1))
    for schedule in SCHEDULES.values():
        assert 0 < schedule(step, steps) <= 1


@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_rise_and_fall(name):
    rates = [SCHEDULES[name](step, 1000) for step in range(1000)]
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(1, abs=1e-3)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[0] < 0.1
    assert rates[-1] < 0.11


@pytest.mark.parametrize("kind", FRESH)
@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_weight_is_moved_once_and_only_matrices_decay(kind, name):
    model = FRESH[kind](SHAPES["tiny"], 300)
    groups = [group for optimiser in OPTIMISERS[name](model, 1e-3) for group in optimiser.param_groups]
    moved = [id(p) for group in groups for p in group["params"]]
    assert sorted(moved) == sorted(id(p) for p in model.parameters())
    table = model.get_input_embeddings().weight
    for group in groups:
        for parameter in group["params"]:
            assert (group["weight_decay"] > 0) == (parameter.ndim == 2 and parameter is not table)
