"""The F1 of relations: entities, types, direction and relation must all be right."""

from __future__ import annotations

import pytest

from danlu.evals.relations import relations_of, summary
from danlu.types import Relation, Span

A, B, C = (0, 2, "person"), (3, 5, "company"), (6, 8, "city")


def test_everything_about_a_relation_must_be_right():
    truth = [[(A, B, "works_for"), (B, C, "based_in")]]
    for wrong in ((B, A, "works_for"), (A, C, "works_for"), (A, B, "left"), ((0, 1, "person"), B, "works_for")):
        found = summary(truth, [[wrong, (B, C, "based_in")]], ["based_in", "left", "works_for"])
        assert (found["f1"], found["precision"], found["recall"]) == (0.5, 0.5, 0.5)
    found = summary(truth, truth, ["based_in", "works_for"])
    assert found["f1"] == 1.0
    assert found["relations"] == 2
    assert [row["relation"] for row in found["per_relation"]] == ["based_in", "works_for"]
    assert found["interval95"][0] < 1.0 == found["interval95"][1]


def test_rows_whose_relations_nobody_knows_are_not_measured():
    found = summary([None, [(A, B, "x")]], [[(A, B, "x")], [(A, B, "x")]], ["x"])
    assert (found["n"], found["f1"]) == (1, 1.0)
    assert summary([None], [[]], ["x"]) == {}


def test_the_interval_is_that_of_drawn_rows():
    truth = [[(A, B, "x")] for _ in range(20)]
    given = [[(A, B, "x")] if number % 2 else [] for number in range(20)]
    found = summary(truth, given, ["x"])
    assert found["f1"] == pytest.approx(2 / 3, abs=1e-6)
    assert found["interval95"][0] < found["f1"] < found["interval95"][1]


def test_probabilities_are_not_compared():
    one, other = (Relation(Span(0, 2, "p", p), Span(3, 5, "c", p), "x", p) for p in (0.5, 0.9))
    assert relations_of((one,)) == relations_of((other,))
    assert relations_of(None) == frozenset()
