"""Rounds of the loop of an extraction: one that lowers what it is judged by is undone, and nothing follows it."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from danlu.factory import extract_stages
from danlu.factory.extract_stages import Context, Judged, Taught, loop

NONE = np.zeros(0, np.int64)


def taught(name, f1, link_f1=None):
    """Teachers with a name, and how good they are."""
    return Taught([f"{name}-0", f"{name}-1"], [], 0.0, f1, link_f1=link_f1)


@pytest.fixture
def rounds(monkeypatch):
    """Runs the loop where rounds end with some scores: (history, teachers at the end, where each training started)."""

    def run(first, *ended):
        started = []

        def taught_on(run, before, *_):
            started.append(before)

        def judge(run, networks, contexts, judged, number):
            return ended[number - 1]

        monkeypatch.setattr(extract_stages, "_taught_on", taught_on)
        monkeypatch.setattr(extract_stages, "_judge", judge)
        job = SimpleNamespace(
            plan=SimpleNamespace(rounds=(0.4, 0.6, 0.8)[: len(ended)], loop_steps=1, batch=1),
            progress=SimpleNamespace(stage=lambda *_: nullcontext()),
            late=lambda *_: False,
            keep=lambda stage, make: make(),
            seed=0,
        )
        contexts = [Context(NONE, NONE)] * 2
        history, best = loop(job, [], [None] * 10, contexts, Judged(NONE, [], []), first)
        return history, best, started

    return run


def test_a_round_that_lowers_f1_is_undone_and_is_the_last(rounds):
    first, second = taught("a", 0.5), taught("b", 0.6)
    history, best, started = rounds(first, second, taught("c", 0.59), taught("d", 0.9))
    assert best is second
    assert [(each.round, each.admitted, each.f1, each.kept) for each in history] == [
        (0, 0, 0.5, True),
        (1, 4, 0.6, True),
        (2, 6, 0.59, False),
    ]
    assert started == ["a-0", "a-1", "b-0", "b-1"]  # each goes on from the best before it


def test_a_first_round_that_lowers_f1_leaves_the_teachers_of_the_rows(rounds):
    first = taught("a", 0.5)
    history, best, _ = rounds(first, taught("b", 0.499))
    assert best is first
    assert [each.kept for each in history] == [True, False]


def test_a_round_that_changes_nothing_is_kept(rounds):
    first, second = taught("a", 0.5), taught("b", 0.5)
    assert rounds(first, second)[1] is second


@pytest.mark.parametrize(("links", "kept"), [(0.55, True), (0.35, False)])
def test_relations_count_as_much_as_entities(rounds, links, kept):
    first, second = taught("a", 0.6, 0.4), taught("b", 0.5, links)
    history, best, _ = rounds(first, second)
    assert (best is second) == kept == history[-1].kept
    assert history[-1].relation_f1 == links
