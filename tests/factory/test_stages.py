"""A student that is too slow reads less of a text; how often labels are thought to occur, and by what."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from danlu.factory import choose, draft, stages
from danlu.factory.choose import Measured
from danlu.factory.draft import Draft
from danlu.factory.exam import Exam
from danlu.factory.plan import Sizes, make_plan
from danlu.factory.student import CROSS, Source, reading_as
from danlu.factory.teacher import Teacher
from danlu.factory.trust import Trust

SIZES = Sizes(32, 0, 0, has_test=True, labels=2, tokens=20, long_tokens=40, smallest=9, cost=2, sides=2, named=16)
PLAN = replace(make_plan(SIZES, 4, 25, 10), crossed=40)
EXAM = Exam(["one"], np.full((1, 2), 0.5, np.float32))


def studied(monkeypatch, max_ms):
    """{name: tokens that it reads} of the candidates, where a token takes a quarter of a millisecond."""

    def made(name, *_, **__):
        plain = Draft(name, name.split("-")[0], "float32", b"", "tokenizer", 0, 64, 40, "ordered")
        return plain, replace(plain, precision="int8")

    def measured(one, *_):
        quick = 0.25 if one.precision == "int8" else 0.5
        return Measured(one, 0.5, 1, quick * one.chosen, 2 * quick, np.zeros(1, int), np.zeros((1, 2), "f4"))

    @contextmanager
    def stage(*_):
        yield lambda _: None

    monkeypatch.setattr(draft, "drafts", made)
    monkeypatch.setattr(choose, "measure", measured)
    run = SimpleNamespace(plan=PLAN, progress=SimpleNamespace(stage=stage), job=SimpleNamespace(keep_bytes=None))
    run.late = lambda *_, **__: False
    return {small.draft.name: small.draft.chosen for _, small in stages.study(run, None, EXAM, ("a", "b"), max_ms)}


@pytest.mark.parametrize(("max_ms", "read"), [(10, 40), (8, 32), (7, 26), (5, 20), (4, 40)])
def test_it_reads_as_much_as_the_limit_allows(monkeypatch, max_ms, read):
    found = studied(monkeypatch, max_ms)  # where half is too slow, what is told is what all of it takes
    assert {name: tokens for name, tokens in found.items() if not name.startswith(CROSS)}.keys() >= {"ngram", "static"}
    for name, tokens in found.items():
        assert tokens == (read if name.startswith(CROSS) else 40)


@pytest.mark.parametrize(
    ("spent", "done", "late", "late_last"),
    [(2.9, (), False, False), (3.1, (), True, False), (4.6, (), True, True), (4.6, ("a.onnx",), False, False)],
)
def test_the_last_candidate_has_more_time(spent, done, late, late_last):
    job = SimpleNamespace(spent=spent * 60 * PLAN.minutes, has=lambda stage: stage in done)
    run = stages.Run(job, None, None, PLAN, 0)
    assert [run.late("a", "a.onnx"), run.late("a", "a.onnx", last=True)] == [late, late_last]
    assert run.cut == ["a"] * (late + late_last)


def test_students_that_are_trained_again_read_as_much_as_the_one_that_ships():
    source = Source(None, None, PLAN, 0)
    cross = Draft("cross-6", CROSS, "int8", b"", "tokenizer", 0, 64, 30, "ordered")
    assert reading_as(source, cross).plan.crossed == 30
    assert reading_as(source, replace(cross, kind="static", name="static")).plan == PLAN


def expecting(unlabelled, dev=(), test=(), asked=None, **texts):
    """What `expecting` makes of a teacher that is nearly always right: (that teacher, beliefs before, beliefs after).

    There are two labels with eight rows each; everything is rows, unlabelled texts, dev rows, test rows.
    """
    truth = np.repeat([0, 1], 8)
    table = np.log(np.eye(2)[[*truth, *unlabelled, *dev, *test]] * 0.9 + 0.05)
    texts = SimpleNamespace(
        **{"guessed": False, "apart": False, "labels": ("a", "b"), "truth": truth, "labelled": [""] * 16} | texts
    )
    where = slice(16, 16 + len(unlabelled))
    material = SimpleNamespace(texts=texts, asked=asked, dev=dev, unlabelled=where, truth=np.array)
    taught = SimpleNamespace(judged=np.arange(16), held_out=table[:16])
    teacher = Teacher(None, None, None, None, taught, PLAN, Trust(0.0))
    beliefs = stages.Beliefs(table, table - 0.0, np.zeros((len(table), 1), np.float32))
    return (*stages.expecting(material, teacher, beliefs), beliefs)


def test_what_is_believed_of_all_but_labelled_rows_reckons_with_how_often_labels_occur():
    teacher, after, before = expecting([0] * 900 + [1] * 100, test=[0, 1, 1])
    shares = after.shares
    assert shares.by == "unlabelled"
    assert shares.expected[1] < 0.35  # a tenth in truth, half of the rows
    assert shares.rows.tolist() == [0.5, 0.5]
    for now, then in (
        (after.log_probabilities, before.log_probabilities),
        (after.before_loop, before.before_loop),
    ):
        np.testing.assert_array_equal(now[:16], then[:16])
        wanted = np.exp(then[16:]) * shares.expected / shares.rows
        np.testing.assert_allclose(np.exp(now[16:]), wanted / wanted.sum(1, keepdims=True))
    assert teacher.shift == pytest.approx(np.log(shares.expected / [0.5, 0.5]))
    assert np.exp(teacher.shifted(np.log([[0.5, 0.5]])))[0, 1] == pytest.approx(shares.expected[1])


def test_dev_rows_say_it_rather_than_unlabelled_texts_if_there_are_enough():
    skewed = [0] * 900 + [1] * 100
    even = expecting(skewed, dev=[0, 1] * 20)[1]
    assert even.shares.by == "dev"
    assert even.shares.shift == pytest.approx([0, 0])
    assert expecting(skewed, dev=[0] + [1] * 200)[1].shares.expected[1] > 0.85
    assert expecting(skewed, dev=[0, 1])[1].shares.by == "unlabelled"


@pytest.mark.parametrize(
    "how",
    [
        {"guessed": True},
        {"apart": True},
        {"asked": "questions"},
        {"unlabelled": []},
        {"truth": np.zeros(stages.MOST_ROWS, int)},
    ],
)
def test_it_is_left_open_where_nothing_tells(how):
    teacher, after, before = expecting(**{"unlabelled": [0] * 900} | how)
    assert (teacher.shift, after.shares) == (None, None)
    assert after is before
