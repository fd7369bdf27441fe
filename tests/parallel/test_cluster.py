"""What a cluster is asked for fits it."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.errors import OptionError
from danlu.parallel.cluster import LOCAL, Workers, _environment, workers_on

ROOMS = st.lists(st.integers(1, 64), min_size=1, max_size=6)


def processors(*rooms):
    return [{"CPU": float(room), "memory": 1e9} for room in rooms]


@pytest.mark.parametrize(
    ("machines", "wanted", "expected"),
    [
        (processors(4), None, Workers(1, gpu=False, processors=4)),
        (processors(4), 2, Workers(2, gpu=False, processors=2)),
        (processors(16, 8), None, Workers(2, gpu=False, processors=8)),
        (processors(64, 2), 3, Workers(3, gpu=False, processors=21)),
        ([{"CPU": 64.0, "GPU": 8.0}, {"CPU": 64.0}], None, Workers(8, gpu=True, processors=0)),
        ([{"CPU": 64.0, "GPU": 8.0}, {"GPU": 1.0}], 3, Workers(3, gpu=True, processors=0)),
    ],
)
def test_workers_by_hand(machines, wanted, expected):
    assert workers_on(machines, wanted) == expected


@given(ROOMS, st.data())
def test_workers_fit_the_machines(rooms, data):
    wanted = data.draw(st.integers(1, sum(rooms)))
    found = workers_on(processors(*rooms), wanted)
    assert found.count == wanted
    assert sum(room // found.processors for room in rooms) >= wanted


@pytest.mark.parametrize(
    ("machines", "wanted", "said"),
    [
        ([], None, "no processors"),
        ([{"memory": 1.0}], 2, "no processors"),
        (processors(2, 2), 5, "has 4 processors for 5 workers.*--workers 4"),
        ([{"CPU": 64.0, "GPU": 2.0}], 3, "has 2 GPUs for 3 workers"),
    ],
)
def test_a_cluster_that_is_too_small_is_refused(machines, wanted, said):
    with pytest.raises(OptionError, match=said):
        workers_on(machines, wanted)


def test_the_environment_is_left_as_it_was(monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN", "mine")
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    before = dict(os.environ)
    with _environment(LOCAL):
        assert os.environ["RAY_AUTH_MODE"] == "token"
        assert os.environ["RAY_AUTH_TOKEN"] != "mine"
    assert dict(os.environ) == before
    with _environment("head:6379"):
        assert os.environ["RAY_AUTH_TOKEN"] == "mine"
