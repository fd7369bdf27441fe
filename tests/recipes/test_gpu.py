"""The clock, the rates and the files of weights that the recipes for a GPU share."""

from __future__ import annotations

import pytest
import torch
from recipes.gpu import Clock, Told, between, loaded, save_parts, set_rates, told_apart

from recipes import gpu

CPU = torch.device("cpu")


def test_the_clock_looks_at_the_time_now_and_then(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(gpu.time, "monotonic", lambda: now[0])
    clock = Clock(10, CPU, every=2)
    found = []
    for now[0] in (1.0, 4.0, 6.0, 10.0, 12.0):
        found.append(clock())
    assert found == [0.1, 0.1, 0.6, 0.6, 1.2]
    assert clock.steps == 4


def test_losses_are_means_since_the_last_line(capsys):
    told = Told(2)
    for loss in (1.0, 2.0, 5.0, 5.0):
        told.add("loss", torch.tensor(loss, requires_grad=True), 8)
        told.step(0.5)
    lines = capsys.readouterr().err.splitlines()
    assert ["loss 1.500" in lines[0], "loss 5.000" in lines[1], len(lines)] == [True, True, 2]


def test_told_apart_is_cross_entropy():
    torch.manual_seed(0)
    hidden, table, bias, target = torch.randn(6, 4), torch.randn(9, 4), torch.randn(9), torch.randint(9, (6,))
    expected = -torch.log_softmax(hidden @ table.T + bias, -1)[torch.arange(6), target].mean()
    torch.testing.assert_close(told_apart(hidden, table, bias, target), expected)


def test_rates_rise_stay_and_fall():
    optimiser = torch.optim.SGD([{"params": [torch.zeros(1)], "lr": 1.0}, {"params": [torch.zeros(1)], "lr": 2.0}])
    found = []
    for done in (0.0, 0.05, 0.3, 0.75, 1.0):
        set_rates([optimiser], [1.0, 2.0], done, warmup=0.1, decay=0.5)
        found.append([group["lr"] for group in optimiser.param_groups])
    assert [pair[1] for pair in found] == [2 * pair[0] for pair in found]
    assert [pair[0] for pair in found] == pytest.approx([0, 0.5, 1, 0.5, 0], abs=1e-4)


def test_weights_come_back_from_small_files(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "PART", 100)
    torch.manual_seed(0)
    state = {f"part.{n}": torch.randn(4, 5) for n in range(7)} | {"large": torch.randn(30, 5)}
    save_parts(state, tmp_path, "decoder")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"decoder-{n:02}.safetensors" for n in range(5)]
    found = loaded(tmp_path, "decoder")
    assert found.keys() == state.keys()
    for key, value in state.items():
        assert torch.equal(found[key], value.half().float())
    assert loaded(tmp_path, "encoder") == {}


def test_between_two_states_lies_a_line():
    old, new = {"a": torch.tensor([0.0, 2.0])}, {"a": torch.tensor([1.0, 4.0]).half(), "head": torch.zeros(1)}
    assert [between(old, new, share)["a"].tolist() for share in (0, 0.5, 1)] == [[0, 2], [0.5, 3], [1, 4]]
    assert between(old, new, 0.5).keys() == {"a"}
