"""The plan: valid for any sizes and any budget, the same each time, and never more for less."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.adapt import choice
from danlu.compress.distil import LIGHT, NARROW
from danlu.factory.plan import (
    FIXED_MS,
    GRAPH_BYTES,
    GROUP,
    LIGHT_BATCH,
    MOST_ASKED,
    MOST_CROSSED,
    MOST_DISTILLED,
    MOST_NARROW,
    MOST_OF_QUESTION,
    MOST_TAUGHT,
    NARROW_BATCH,
    QUICK,
    SPARE,
    TOKEN_BYTES,
    TOKENS_A_MS,
    Sizes,
    expected_seconds,
    make_plan,
)
from danlu.factory.student import names_of
from danlu.train.regression import MOST_ROWS


@st.composite
def all_sizes(draw):
    labels = draw(st.integers(2, 200))
    labelled = draw(st.integers(labels, 50_000))
    tokens = draw(st.floats(2, 600))
    return Sizes(
        labelled=labelled,
        unlabelled=draw(st.integers(0, 100_000)),
        dev=draw(st.integers(0, 20_000)),
        has_test=draw(st.booleans()),
        labels=labels,
        tokens=tokens,
        long_tokens=draw(st.integers(math.floor(tokens), 2_000)),
        smallest=draw(st.integers(1, labelled // labels)),
        cost=draw(st.floats(0.05, 20)),
        depth=draw(st.integers(1, 24)),
        named=draw(st.integers(0, 300)),
    )


SIZES = all_sizes()
MINUTES = st.floats(1e-3, 1e5)
QUESTIONS = Sizes(
    labelled=200, unlabelled=9_000, dev=0, has_test=True, labels=2, tokens=18, long_tokens=60, smallest=30,
    cost=2, sides=2, options=4, option_tokens=4, named=18, passage=90,
)  # fmt: skip
MEGABYTES = st.floats(1e-3, 1e4)


@given(SIZES, MINUTES, MEGABYTES)
def test_any_sizes_and_budget_give_a_valid_plan(sizes, minutes, max_mb):
    plan = make_plan(sizes, minutes, max_mb, 10)
    assert 2 <= plan.folds <= 5
    assert plan.folds <= sizes.smallest or sizes.smallest < 2
    assert plan.labelled == min(sizes.labelled, MOST_ROWS)
    assert 16 <= plan.token_length <= 256
    assert 0 <= plan.pool <= plan.distill <= sizes.unlabelled
    assert plan.pool + plan.labelled <= MOST_ROWS
    assert plan.tuning_steps == 0 or 8 <= plan.tuning_steps <= 150
    assert plan.more == 0 or plan.labelled == MOST_ROWS
    assert plan.more + plan.distill <= MOST_TAUGHT
    assert 32 * plan.student_steps <= max(600 * 32, 3 * min(sizes.labelled, MOST_ROWS + MOST_TAUGHT))
    assert set(plan.layers) <= {2, 3, min(6, sizes.depth)}
    assert list(plan.layers) == sorted(plan.layers)
    assert plan.student_steps >= 30
    assert bool(plan.rounds) == (plan.pool >= 50)
    assert list(plan.rounds) == sorted(plan.rounds)
    assert 1_000 <= plan.ngram_rows <= 60_000
    assert plan.ngram_rows == 1_000 or 4 * sizes.labels * plan.ngram_rows <= 0.4e6 * max_mb + 1
    assert all(
        type(value) is int for name, value in plan.as_dict().items() if name not in {"minutes", "rounds", "layers"}
    )


@given(SIZES, MINUTES, MEGABYTES)
def test_the_same_input_gives_the_same_plan_and_the_card_can_hold_it(sizes, minutes, max_mb):
    plan = make_plan(sizes, minutes, max_mb, 10)
    assert make_plan(replace(sizes), minutes, max_mb, 10) == plan
    stored = json.loads(json.dumps(plan.as_dict(), allow_nan=False))
    assert stored == {**plan.as_dict(), "rounds": list(plan.rounds), "layers": list(plan.layers)}


@given(SIZES, MINUTES, st.floats(1, 100), MEGABYTES)
def test_a_smaller_budget_never_plans_more(sizes, minutes, times, max_mb):
    small, large = make_plan(sizes, minutes, max_mb, 10), make_plan(sizes, minutes * times, max_mb, 10)
    for name in ("folds", "labelled", "token_length", "ngram_rows"):
        assert getattr(small, name) <= getattr(large, name), name
    if bool(small.named) == bool(large.named):  # the general model is asked before more texts are read
        assert small.more <= large.more
        assert small.distill <= large.distill
    assert len(small.layers) <= len(large.layers)
    if small.layers == large.layers:  # one student has more steps than each of three
        assert small.student_steps <= large.student_steps
    # Folds and tuning are paid before the pool, so it grows only where they stay what they were.
    if (small.folds, small.tuning_steps, small.named) == (large.folds, large.tuning_steps, large.named):
        assert small.pool <= large.pool
        assert len(small.rounds) <= len(large.rounds)


@given(SIZES, MINUTES, st.floats(1, 100))
def test_with_the_same_folds_a_smaller_budget_never_tunes_longer(sizes, minutes, times):
    small, large = make_plan(sizes, minutes, 25, 10), make_plan(sizes, minutes * times, 25, 10)
    assert small.tuning_steps <= large.tuning_steps or small.folds < large.folds


@given(SIZES, MINUTES, MEGABYTES, st.floats(1, 100))
def test_a_smaller_file_never_has_more_buckets(sizes, minutes, max_mb, times):
    assert make_plan(sizes, minutes, max_mb, 10).ngram_rows <= make_plan(sizes, minutes, max_mb * times, 10).ngram_rows


@given(SIZES, MINUTES, st.floats(0.1, 100), st.floats(1, 100))
def test_a_quicker_model_never_reads_more_and_fewer_layers_read_more(sizes, minutes, max_ms, times):
    quick, slow = (make_plan(sizes, minutes, 25, limit) for limit in (max_ms, max_ms * times))
    assert 16 <= quick.student_length <= slow.student_length <= slow.token_length
    assert make_plan(sizes, minutes, 25, 1e-4).layers == ()
    read = [slow.reads(depth) for depth in slow.layers]
    assert read == sorted(read, reverse=True)
    assert all(depth * slow.reads(depth) <= 6 * slow.student_length for depth in slow.layers)


@given(SIZES, st.floats(1, 20))
def test_a_slower_base_never_gets_more_work(sizes, times):
    fast, slow = (make_plan(base, 10, 25, 10) for base in (sizes, replace(sizes, cost=sizes.cost * times)))
    assert slow.more <= fast.more
    assert slow.more + slow.distill <= fast.more + fast.distill
    if (slow.tuning_steps, slow.layers) == (fast.tuning_steps, fast.layers):
        assert slow.pool <= fast.pool
    assert slow.student_length <= fast.student_length


def seconds(plan, measured):
    return sum(expected_seconds(plan, plan.labelled + max(plan.pool, plan.distill) + measured, measured).values())


@given(SIZES)
def test_twice_the_rows_never_cost_four_times(sizes):
    # With all the time in the world, so that no budget hides a square.
    few = replace(sizes, labelled=min(sizes.labelled, 3_000))
    twice = replace(few, labelled=few.labelled * 2, unlabelled=few.unlabelled * 2, dev=few.dev * 2)
    one, two = (seconds(make_plan(rows, 1e6, 25, 10), rows.dev) for rows in (few, twice))
    assert two <= 2.2 * one


@given(SIZES, MINUTES)
def test_rows_beyond_the_most_change_no_stage_but_reading(sizes, minutes):
    many = replace(sizes, labelled=MOST_ROWS + SPARE + MOST_TAUGHT, unlabelled=0)
    plan = make_plan(many, minutes, 25, 10)
    assert plan == make_plan(replace(many, labelled=MOST_ROWS * 50), minutes, 25, 10)
    # Forms and their loop have no more work than with the rows that they learn from; only students have.
    fewer = make_plan(replace(many, labelled=MOST_ROWS), minutes, 25, 10)
    assert (plan.tuning_steps, plan.pool, plan.labelled) == (fewer.tuning_steps, fewer.pool, MOST_ROWS)


def test_many_labelled_rows_teach_students_before_unlabelled_ones():
    sizes = Sizes(labelled=34_334, unlabelled=50_000, dev=0, has_test=True, labels=2, tokens=14.0, long_tokens=25,
                  smallest=10_000)  # fmt: skip
    few, many = (make_plan(sizes, minutes, 25, 10) for minutes in (1, 60))
    assert (many.labelled, many.more, many.distill) == (MOST_ROWS, MOST_TAUGHT, 0)
    assert 600 < many.student_steps <= 3 * 26_000 // 32
    assert few.layers == (6,)  # all of its steps, where they are too few to see each row
    assert make_plan(replace(sizes, dev=500), 60, 25, 10).more == MOST_TAUGHT
    assert make_plan(replace(sizes, labelled=6_500), 60, 25, 10).more == 0  # those are dev rows


@given(SIZES, MINUTES, MEGABYTES)
def test_expected_seconds_are_finite_and_of_the_stages_that_run(sizes, minutes, max_mb):
    plan = make_plan(sizes, minutes, max_mb, 10)
    for measured, last in ((0, "cross-validate"), (sizes.dev + 1, "ablation")):
        expected = expected_seconds(plan, plan.labelled + plan.distill, measured)
        asked = [*(["ask"] if plan.named else []), *(["distil"] if plan.distilled else [])]
        assert list(expected) == ["read", *asked, "tune", "loop", "believe", "students", last]
        assert all(math.isfinite(value) and value >= 0 for value in expected.values())
        assert (expected["tune"] > 0) == (plan.tuning_steps > 0)


def test_the_plan_knows_how_the_general_model_reads():
    assert (GROUP, MOST_ASKED) == (choice.GROUP, choice.LENGTH)  # without importing it, as `danlu check` has no torch


def test_the_general_model_is_asked_where_that_takes_little_of_the_budget():
    sizes = Sizes(160, 500, 300, has_test=True, labels=8, tokens=20, long_tokens=40, smallest=20, named=40)
    assert make_plan(sizes, 4, 25, 10).named == 40
    assert make_plan(replace(sizes, named=700), 4, 25, 10).named == 0
    assert make_plan(replace(sizes, named=700), 10, 25, 10).named == 700
    assert make_plan(replace(sizes, named=700, labelled=3_000), 10, 25, 10).named == 0
    assert make_plan(replace(sizes, tokens=300, long_tokens=900), 4, 25, 10).named == 40  # it reads the beginnings


@pytest.mark.parametrize("minutes", [4, 10])
def test_an_ordinary_task_uses_every_part_of_the_plan(minutes):
    sizes = Sizes(
        labelled=160, unlabelled=500, dev=300, has_test=True, labels=8, tokens=20, long_tokens=40, smallest=20
    )
    plan = make_plan(sizes, minutes, 25, 10)
    assert (plan.folds, plan.pool, plan.distill, plan.token_length) == (5, 500, 500, 40)
    assert plan.tuning_steps >= 20
    assert plan.layers
    assert plan.rounds


def test_a_question_is_read_once_beside_all_of_its_options():
    """Latency is that of a question with its options: few and short ones leave more of it to be read."""
    sizes = Sizes(
        labelled=300, unlabelled=9_000, dev=0, has_test=True, labels=2, tokens=20, long_tokens=80, smallest=40, cost=2
    )
    few, many = (
        make_plan(replace(sizes, sides=2, options=float(options), option_tokens=6.0), 4, 25, 10) for options in (2, 7)
    )
    assert few.student_length > many.student_length
    long, crowd = (
        make_plan(replace(sizes, sides=2, options=options, option_tokens=40.0), 4, 25, 10) for options in (4.0, 30.0)
    )
    assert 6 not in long.layers  # these read a few tokens of each option, with fewer layers
    assert long.layers
    assert crowd.layers == ()
    once = make_plan(replace(sizes, sides=2, options=7.0, option_tokens=6.0, fresh=0.25), 4, 25, 10)
    assert once.distill > many.distill


def test_a_student_that_reads_both_sides_has_the_time_of_one_that_reads_two_on_a_quick_processor():
    pairs = Sizes(
        labelled=32, unlabelled=0, dev=0, has_test=True, labels=3, tokens=20, long_tokens=40, smallest=9,
        cost=2, sides=2, named=18,
    )  # fmt: skip
    plan = make_plan(pairs, 4, 25, 10)
    assert 16 <= plan.crossed <= plan.token_length
    allowed = QUICK * TOKENS_A_MS * (10 - FIXED_MS)
    assert 2 * plan.crossed + plan.named + 1 <= allowed
    longer = make_plan(replace(pairs, tokens=40, long_tokens=90, named=80), 4, 25, 10)
    assert allowed - 2 <= 2 * longer.crossed + longer.named + 1 <= allowed
    assert plan.as_dict()["crossed"] == plan.crossed
    assert make_plan(replace(pairs, long_tokens=256), 4, 25, 1_000).crossed == MOST_CROSSED
    without = (
        (replace(pairs, named=0), 10),  # the general model cannot be asked
        (replace(pairs, sides=1, cost=1), 10),
        (replace(pairs, tokens=120, long_tokens=256), 10),  # less than half would be read
        (pairs, 4),
    )
    for sizes, max_ms in without:
        left = make_plan(sizes, 4, 25, max_ms)
        assert left.crossed == 0
        assert "crossed" not in left.as_dict()
    crowd = make_plan(replace(pairs, labelled=6_000), 4, 25, 10)
    assert (crowd.named, crowd.crossed) == (0, plan.crossed)  # too many rows to be asked about teach its student
    seconds = [expected_seconds(each, 100, 100)["students"] for each in (plan, replace(plan, crossed=0))]
    assert seconds[0] > seconds[1]
    assert plan.student_steps <= make_plan(replace(pairs, named=0), 4, 25, 10).student_steps


def test_a_student_that_reads_a_question_with_its_options_has_room_for_both():
    """One question is as many rows as it has options; what its options leave of --max-ms is read of it."""
    sizes = QUESTIONS
    few = make_plan(sizes, 4, 25, 6)
    assert few.crossed + few.named <= QUICK * TOKENS_A_MS * (6 - FIXED_MS)
    more = replace(sizes, options=8, named=34)
    assert 16 <= make_plan(more, 4, 25, 7).crossed < make_plan(sizes, 4, 25, 7).crossed <= MOST_OF_QUESTION
    assert make_plan(more, 4, 25, 6).crossed == 0  # no student with layers would keep that
    assert make_plan(sizes, 4, 25, 20).crossed > few.crossed
    assert make_plan(replace(sizes, options=16, named=60), 4, 25, 6).crossed == 0  # options alone take all of it
    assert make_plan(replace(sizes, named=0), 4, 25, 10).crossed == 0


@given(SIZES, MINUTES, MEGABYTES, st.floats(0.5, 50), st.sampled_from([0.0, 2.0, 4.0, 7.0]), st.integers(0, 60))
def test_any_plan_names_its_students(sizes, minutes, max_mb, max_ms, options, named):
    sizes = replace(sizes, sides=2 if options else sizes.sides, options=options, option_tokens=4.0, named=named)
    plan = make_plan(sizes, minutes, max_mb, max_ms)
    assert names_of(plan)[:3] == ("ngram", "static", "narrow")
    assert any(name.startswith("cross") for name in names_of(plan)) == bool(plan.crossed)


@pytest.mark.parametrize("max_ms", [3, 3.5, 4, 4.5, 5])
def test_where_no_layers_are_quick_enough_none_of_the_general_model_are(max_ms):
    sizes = QUESTIONS
    plan = make_plan(sizes, 4, 25, max_ms)
    assert bool(plan.layers) == bool(plan.crossed) == (max_ms > 4)
    assert len(names_of(plan)) == 3 + len(plan.layers) + bool(plan.crossed)


def test_a_student_that_reads_questions_knows_as_many_tokens_as_there_is_room_for_beside_nothing_else():
    sizes = QUESTIONS
    plan = make_plan(sizes, 4, 25, 20)
    assert max(plan.layers) == sizes.depth
    assert plan.vocabulary < plan.crossed_vocabulary
    assert 23e6 < sizes.body + GRAPH_BYTES + plan.crossed_vocabulary * (sizes.token + TOKEN_BYTES) < 25e6
    assert make_plan(sizes, 4, 20, 20).crossed_vocabulary < plan.crossed_vocabulary
    for others in (replace(sizes, named=0), replace(sizes, options=0.0, option_tokens=0.0, tokens=30)):
        assert make_plan(others, 4, 25, 20).crossed_vocabulary == 0
    shallow = make_plan(sizes, 4, 25, 5)  # fewer layers than the general model has are no answer by themselves
    assert shallow.crossed
    assert max(shallow.layers) < sizes.depth
    assert shallow.crossed_vocabulary == 0


@pytest.mark.parametrize(
    ("labels", "unlabelled", "distilled"),
    [(2, 199, 0), (2, 200, 200), (2, 9_000, MOST_DISTILLED), (60, 9_000, 1_666), (60, 599, 0), (300, 9_000, 3_000)],
)
def test_the_general_model_is_distilled_on_enough_texts_and_not_too_many(labels, unlabelled, distilled):
    sizes = Sizes(
        labelled=8 * labels, unlabelled=unlabelled, dev=0, has_test=True, labels=labels, tokens=8, long_tokens=16,
        smallest=8, named=2 * labels,
    )  # fmt: skip
    assert make_plan(sizes, 60, 25, 10).distilled == distilled
    for others in ({"named": 0}, {"names_only": True, "labelled": 0}, {"sides": 2}):
        assert make_plan(replace(sizes, **others), 60, 25, 10).distilled == 0


def test_questions_are_asked_once_for_all_of_their_options():
    asked = Sizes(
        labelled=200, unlabelled=50_000, dev=0, has_test=True, labels=2, tokens=10, long_tokens=20, smallest=30,
        cost=2, sides=2, options=7, option_tokens=4, named=30, passage=120,
    )  # fmt: skip
    assert make_plan(asked, 1, 25, 10).named == 30
    assert make_plan(asked, 1, 25, 10).distill > make_plan(replace(asked, options=1), 1, 25, 10).distill


@given(SIZES, MINUTES, st.integers(2, 1_000))
def test_without_labelled_rows_the_general_model_is_asked_and_no_encoder_tuned(sizes, minutes, labels):
    known = replace(sizes, labels=labels, labelled=0, smallest=sizes.unlabelled, named=sizes.named + 1, names_only=True)
    plan = make_plan(known, minutes, 25, 10)
    assert plan.named == known.named
    assert plan.tuning_steps == 0
    assert plan.rounds
    assert plan.labelled == 0
    least = max(200, 10 * known.labels)  # as many of each label as danlu check asks for
    assert min(least, known.unlabelled) <= plan.pool <= plan.distill <= known.unlabelled
    assert plan.pool <= max(3_000, least)
    assert 2 <= plan.folds <= 5


def test_the_narrow_student_has_more_of_the_budget_where_nothing_wider_is_quick_enough():
    sizes = Sizes(
        labelled=96, unlabelled=5_000, dev=0, has_test=True, labels=6, tokens=90, long_tokens=200, smallest=16
    )
    among, alone = (make_plan(sizes, 4, 25, max_ms) for max_ms in (10, 1))
    assert among.layers
    assert not alone.layers
    assert 60 < among.narrow_steps < alone.narrow_steps
    assert make_plan(replace(sizes, has_test=False), 4, 25, 1).narrow_steps < alone.narrow_steps  # again for each fold
    assert make_plan(sizes, 8, 25, 1).narrow_steps > alone.narrow_steps
    longer = replace(sizes, tokens=2 * MOST_NARROW, long_tokens=256)
    assert make_plan(longer, 4, 25, 1).narrow_steps == make_plan(replace(longer, tokens=240), 4, 25, 1).narrow_steps
    assert make_plan(longer, 0.1, 25, 10).narrow_steps == 60


@pytest.mark.parametrize("minutes", [4, 10])
@pytest.mark.parametrize("has_test", [True, False])
def test_a_forge_with_light_students_alone_keeps_its_budget(minutes, has_test):
    sizes = Sizes(
        labelled=160, unlabelled=2_000, dev=0, has_test=has_test, labels=4, tokens=60, long_tokens=90, smallest=30
    )
    plan = make_plan(sizes, minutes, 25, 1)
    assert sum(expected_seconds(plan, 2_160, 500 if has_test else 0).values()) < 1.25 * 60 * minutes


def test_batches_are_those_that_the_plan_reckons_with():
    assert {name: light.batch for name, light in LIGHT.items()} == {"static": LIGHT_BATCH, NARROW: NARROW_BATCH}
