"""The training loop on parameters whose optimum is known."""

from __future__ import annotations

import itertools

import pytest
import torch

from danlu.train.loop import minimise


def quadratic(parameter, target=3.0):
    while True:
        yield ((parameter - target) ** 2).sum()


def test_it_finds_the_minimum_and_returns_the_loss_there():
    parameter = torch.nn.Parameter(torch.zeros(4))
    loss = minimise(quadratic(parameter), [{"params": [parameter], "lr": 0.1}], steps=300)
    assert torch.allclose(parameter, torch.full((4,), 3.0), atol=0.1)
    assert 0 <= loss < 0.05


@pytest.mark.parametrize("steps", [1, 2, 9, 10, 15])
def test_the_last_tenth_is_at_least_one_step(steps):
    parameter = torch.nn.Parameter(torch.zeros(1))
    # A loss of the step's own number, so that the mean says which steps were counted.
    losses = (parameter.sum() * 0 + float(number) for number in itertools.count(1))
    tail = [number for number in range(1, steps + 1) if number - 1 >= min(steps - 1, steps * 0.9)]
    assert minimise(losses, [{"params": [parameter], "lr": 0.1}], steps=steps) == pytest.approx(sum(tail) / len(tail))


def test_no_step_changes_nothing():
    parameter = torch.nn.Parameter(torch.ones(2))
    assert minimise(quadratic(parameter), [{"params": [parameter], "lr": 0.1}], steps=0) == 0
    assert parameter.tolist() == [1.0, 1.0]


def test_it_draws_as_many_losses_as_steps_and_reports_each():
    parameter = torch.nn.Parameter(torch.zeros(1))
    seen, drawn = [], []

    def losses():
        for number in itertools.count():
            drawn.append(number)
            yield (parameter - 1).square().sum()

    minimise(losses(), [{"params": [parameter], "lr": 0.1}], steps=7, progress=seen.append)
    assert drawn == list(range(7))
    assert seen == [1] * 7


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.5, 1.0])
def test_the_rate_rises_to_its_peak_and_falls_towards_nought(warmup):
    parameter = torch.nn.Parameter(torch.zeros(1))
    group = {"params": [parameter], "lr": 0.25}
    places = [0.0]

    def losses():
        while True:
            yield parameter.sum()  # Adam's step is then the rate itself, but for weight decay

    minimise(losses(), [group], steps=20, warmup=warmup, progress=lambda _: places.append(parameter.item()))
    rates = [-(after - before * (1 - 0.01 * 0.25)) for before, after in itertools.pairwise(places)]
    peak = rates.index(max(rates))
    assert max(rates) == pytest.approx(0.25, rel=0.05)
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak + 1 :] == sorted(rates[peak + 1 :], reverse=True)
    assert min(rates) > 0


def test_each_group_has_its_own_rate():
    slow, fast = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))

    def losses():
        while True:
            yield (slow - 1).square().sum() + (fast - 1).square().sum()

    minimise(losses(), [{"params": [slow], "lr": 1e-4}, {"params": [fast], "lr": 1e-1}], steps=30)
    assert 0 < slow.item() < 0.01 < 0.5 < fast.item()


def test_one_enormous_loss_moves_no_parameter_far():
    parameter = torch.nn.Parameter(torch.zeros(3))
    minimise(quadratic(parameter, 1e6), [{"params": [parameter], "lr": 0.01}], steps=10)
    assert torch.isfinite(parameter).all()
    assert parameter.abs().max() < 0.2
