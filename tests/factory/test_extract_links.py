"""Relations of rows as numbers, thresholds of what is found, and what is learned from."""

from __future__ import annotations

import numpy as np
import pytest

from danlu.factory.extract_judge import Calibration
from danlu.factory.extract_links import (
    Schema,
    beliefs,
    gold_links,
    link_calibration,
    link_threshold,
    named,
    related,
    targets,
)
from danlu.text.entities import Candidates
from danlu.types import Example, Relation, Span

P, C, D = Span(0, 2, "p"), Span(3, 5, "c"), Span(6, 8, "c")
ROWS = [
    Example("ab cd ef", None, "f", 1, (P, C, D), (Relation(P, C, "works"), Relation(D, C, "owns"))),
    Example("ab cd ef", None, "f", 2, (P, C), ()),
    Example("ab cd ef", None, "f", 3, (P, C), None),
]
LABELS, RELATIONS = ("c", "p"), ("owns", "works")
# The candidates of one text: three entities, a doubtful fourth, and what might hold between them.
FOUND = Candidates(
    np.array([[0, 2, 1], [3, 5, 0], [6, 8, 0], [9, 11, 0]]),
    np.array([3.0, 2.0, 1.0, -2.0], np.float32),
    np.array([[0, 1, 1], [2, 1, 0], [1, 2, 0], [3, 1, 0]]),
    np.array([2.0, 1.5, -1.0, 3.0], np.float32),
)
MARKED = FOUND.places[:3]  # the entities that are


def test_only_triples_of_training_rows_can_be():
    schema = Schema.of(ROWS, LABELS, RELATIONS)
    assert schema is not None
    assert schema.triples == ((0, 0, 0), (1, 1, 0))
    assert schema.allowed(2).sum() == 2
    assert Schema.of(ROWS[1:], LABELS, RELATIONS) is None
    assert schema.entry(Calibration(2.0, 0.5, 0.4))["threshold"] == 0.4


def test_a_row_is_its_relations_in_numbers():
    first, none, unknown = gold_links(ROWS, LABELS, RELATIONS)
    assert first == {(0, 2, 1, 3, 5, 0, 1), (6, 8, 0, 3, 5, 0, 0)}
    assert none == frozenset()
    assert unknown is None
    assert gold_links(ROWS[:1], ("p",), ()) == [{(0, 2, 0, 3, 5, 1, 0), (6, 8, 1, 3, 5, 1, 0)}]
    table = targets(ROWS[0], RELATIONS)
    assert table is not None
    assert np.argwhere(table).tolist() == [[0, 1, 1], [2, 1, 0]]
    assert targets(ROWS[2], RELATIONS) is None
    assert targets(ROWS[0], ()) is None


def test_a_relation_needs_both_its_entities():
    assert set(related(FOUND, 0.0, 0.0, nested=False)) == {(0, 2, 1, 3, 5, 0, 1), (6, 8, 0, 3, 5, 0, 0)}
    assert len(related(FOUND, -3.0, 0.0, nested=False)) == 3
    assert len(related(FOUND, 1.5, 0.0, nested=False)) == 1
    assert named(related(FOUND, 1.5, 0.0, nested=False), LABELS, RELATIONS) == [((0, 2, "p"), (3, 5, "c"), "works")]


def test_a_teacher_passes_its_doubt_on():
    schema = Schema(RELATIONS, ((0, 0, 0), (1, 1, 0)))
    table = beliefs(FOUND, [0, 1, 2], schema)
    assert table is not None
    assert table.shape == (3, 3, 2)
    assert table[0, 1, 1] == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert 0 < table[1, 2, 0] < 0.3
    assert beliefs(FOUND, [0], None) is None


def test_the_threshold_parts_right_from_wrong_and_rows_that_nobody_knows_do_not_count():
    gold = gold_links(ROWS[:1], LABELS, RELATIONS)
    least, best = link_threshold([FOUND, FOUND], [*gold, None], [0.0, 0.0], nested=False)
    assert best == 1.0
    assert -1.0 < least <= 1.5
    assert link_threshold([FOUND], [None], [0.0], nested=False) == (0.0, 0.0)
    fitted = link_calibration([FOUND] * 40, gold * 40, [MARKED] * 40, 0.0)
    assert fitted.scale > 0
    assert link_calibration([FOUND], [None], [MARKED], 0.0) == link_calibration([], [], [], 0.0)


def test_probabilities_count_entities_that_no_relation_leads_to():
    related_alone, *_ = gold_links(ROWS[:1], LABELS, RELATIONS)
    sure = link_calibration([FOUND] * 40, [related_alone] * 40, [MARKED] * 40, 0.0)
    doubtful = link_calibration([FOUND] * 40, [related_alone, frozenset()] * 20, [MARKED] * 40, 0.0)
    assert doubtful.scale * 2.0 + doubtful.shift < sure.scale * 2.0 + sure.shift - 0.5
    fourth = np.concatenate([MARKED, FOUND.places[3:]])
    lone = link_calibration([FOUND] * 40, [related_alone] * 40, [fourth] * 40, 0.0)
    assert lone.scale * 3.0 + lone.shift < sure.scale * 3.0 + sure.shift - 0.5
