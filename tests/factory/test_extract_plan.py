"""The plan of an extraction follows from sizes and budget alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from danlu.errors import OptionError
from danlu.factory.extract_plan import ENOUGH_TAUGHT, SpanSizes, expected_seconds, make_plan

SMALL = SpanSizes(labelled=120, unlabelled=200, dev=0, has_test=True, tokens=25.0, long_tokens=60, widest=8)


def test_the_same_sizes_give_the_same_plan():
    assert make_plan(SMALL, 4, 25, 10) == make_plan(SMALL, 4, 25, 10)


def test_more_minutes_give_more_steps():
    short, long = (make_plan(SMALL, minutes, 25, 10) for minutes in (4, 20))
    assert short.teacher_steps < long.teacher_steps
    assert short.student_steps < long.student_steps


def test_who_judges_follows_from_what_is_there():
    assert make_plan(SMALL, 8, 25, 10).folds == 5
    assert make_plan(replace(SMALL, dev=100), 4, 25, 10).folds == 0
    large = make_plan(replace(SMALL, labelled=10_000), 4, 25, 10)
    assert large.holds
    assert large.contexts == 1
    assert make_plan(replace(SMALL, labelled=2), 4, 25, 10).folds == 2


def test_few_steps_are_not_spread_thin():
    plans = [make_plan(SMALL, minutes, 25, 10) for minutes in (1, 2, 4, 8, 16)]
    assert [plan.folds for plan in plans] == sorted(plan.folds for plan in plans)
    assert plans[0].folds == 2
    assert plans[0].layers == (3, 6)  # what the shallowest would take goes to the teacher
    assert plans[-1].layers == (2, 3, 6)
    assert all(plan.teacher_steps >= ENOUGH_TAUGHT for plan in plans[2:])
    assert make_plan(replace(SMALL, long_tokens=120), 1, 25, 10).layers  # where it is too slow, they stay


def test_who_starts_from_the_general_extractor_needs_fewer_steps_and_so_has_more_folds():
    few = replace(SMALL, labelled=26)
    alone, knowing = make_plan(few, 4, 25, 10), make_plan(replace(few, known=True), 4, 25, 10)
    assert knowing.teacher_steps < alone.teacher_steps
    assert knowing.folds > alone.folds
    assert knowing.known
    many = replace(SMALL, labelled=6_000)
    assert make_plan(replace(many, known=True), 8, 25, 10).teacher_steps == make_plan(many, 8, 25, 10).teacher_steps


def test_windows_hold_the_widest_entity_and_the_vocabulary_fits_the_file():
    for widest in (1, 8, 400):
        plan = make_plan(replace(SMALL, widest=widest), 4, 25, 10)
        assert plan.window > 2 * plan.widest
    assert make_plan(SMALL, 4, 16, 10).vocabulary < make_plan(SMALL, 4, 25, 10).vocabulary


def test_without_unlabelled_text_there_is_no_loop():
    plan = make_plan(replace(SMALL, unlabelled=10), 4, 25, 10)
    assert plan.rounds == ()
    assert plan.pool == 0


def test_texts_too_long_for_the_limit_are_refused_before_any_work():
    with pytest.raises(OptionError, match=r"Fix: --max-ms \d+"):
        make_plan(replace(SMALL, long_tokens=2_000), 4, 25, 2)
    assert 6 not in make_plan(replace(SMALL, long_tokens=120), 4, 25, 10).layers


def test_every_stage_has_its_share_of_the_bar():
    plan = make_plan(SMALL, 4, 25, 10)
    assert all(seconds >= 0 for seconds in expected_seconds(plan, SMALL).values())
    assert expected_seconds(plan, SMALL)["teach"] > 0
