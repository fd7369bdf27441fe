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
        return Measured(one, 0.5, 1, quick * one.chosen, quick * one.chosen, np.zeros(1, int), np.zeros((1, 2), "f4"))

    @contextmanager
    def stage(*_):
        yield lambda _: None

    monkeypatch.setattr(draft, "drafts", made)
    monkeypatch.setattr(choose, "measure", measured)
    run = SimpleNamespace(plan=PLAN, progress=SimpleNamespace(stage=stage), job=SimpleNamespace(keep_bytes=None))
    run.late = lambda *_: False
    return {small.draft.name: small.draft.chosen for _, small in stages.study(run, None, EXAM, ("a", "b"), max_ms)}


@pytest.mark.parametrize(("max_ms", "read"), [(10, 40), (8, 32), (7, 26), (5, 20), (4, 40)])
def test_it_reads_as_much_as_the_limit_allows(monkeypatch, max_ms, read):
    found = studied(monkeypatch, max_ms)  # where half is too slow, what is told is what all of it takes
    assert {name: tokens for name, tokens in found.items() if not name.startswith(CROSS)}.keys() >= {"ngram", "static"}
    for name, tokens in found.items():
        assert tokens == (read if name.startswith(CROSS) else 40)


def test_students_that_are_trained_again_read_as_much_as_the_one_that_ships():
    source = Source(None, None, PLAN, 0)
    cross = Draft("cross-6", CROSS, "int8", b"", "tokenizer", 0, 64, 30, "ordered")
    assert reading_as(source, cross).plan.crossed == 30
    assert reading_as(source, replace(cross, kind="static", name="static")).plan == PLAN


def expected(unlabelled, dev=(), **texts):
    """How often two labels are thought to occur, under a teacher that is nearly always right of sixteen rows."""
    truth, found = np.repeat([0, 1], 8), np.array([*[0] * 8, *[1] * 8, *unlabelled])
    table = np.log(np.eye(2)[found] * 0.98 + 0.01)
    texts = SimpleNamespace(**{"guessed": False, "apart": False, "labels": ("a", "b"), "truth": truth} | texts)
    material = SimpleNamespace(texts=texts, asked=None, dev=dev, unlabelled=slice(16, len(found)), truth=np.array)
    return stages._shares(material, SimpleNamespace(judged=np.arange(16), held_out=table[:16]), table)


def test_how_often_labels_occur_unlabelled_texts_say():
    assert expected([0] * 900 + [1] * 100)[1] < 0.2
    assert expected([0] * 500 + [1] * 500) == pytest.approx([0.5, 0.5], abs=0.01)


def test_dev_rows_say_it_rather_than_unlabelled_texts():
    assert expected([0] * 900 + [1] * 100, dev=[0, 1] * 20) == pytest.approx([0.5, 0.5])
    assert expected([0] * 900 + [1] * 100, dev=[0] + [1] * 200)[1] > 0.9


@pytest.mark.parametrize("how", [{"guessed": True}, {"apart": True}])
def test_it_is_left_open_where_labels_do_not_exclude_one_another_or_nobody_labelled_a_row(how):
    assert expected([0] * 900, **how) is None


def test_it_is_left_open_where_there_is_nothing_to_tell():
    assert expected([]) is None
