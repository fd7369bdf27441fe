"""What a forging refuses before any work, which rows it draws, and where its report goes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.errors import OptionError
from danlu.factory.job import Job
from danlu.factory.material import KEPT_OF_EACH, drawn_rows
from danlu.factory.produce import Options, check_options, report_of


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(minutes=0), "--minutes"),
        (Options(max_mb=float("nan")), "--max-mb"),
        (Options(max_ms=float("inf")), "--max-ms"),
        (Options(seed=-1), "--seed"),
        (Options(seed=2**32), "--seed"),
    ],
)
def test_an_impossible_option_is_named(tmp_path, options, said):
    with pytest.raises(OptionError, match=said):
        check_options(tmp_path / "m.danlu", options)


@pytest.mark.parametrize("name", ["m.danlu", "m.report.html"])
def test_neither_model_nor_report_is_overwritten_unasked(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(OptionError, match=name):
        check_options(tmp_path / "m.danlu", Options())
    check_options(tmp_path / "m.danlu", Options(force=True))
    Job(tmp_path / "m.danlu", {}).claim(tmp_path / name, b"mine")
    check_options(tmp_path / "m.danlu", Options())  # whose job it was is looked at once the rows are read


def test_models_of_different_names_have_different_reports():
    names = ["shop.danlu", "shop.v1", "shop.v2", "shop"]
    reports = [report_of(Path(name)).name for name in names]
    assert reports == ["shop.report.html", "shop.v1.report.html", "shop.v2.report.html", "shop.report.html"]


@given(st.lists(st.sampled_from("aaaaabbc"), min_size=1, max_size=300), st.integers(30, 200), st.integers(0, 9))
def test_rare_labels_stay_when_rows_are_drawn(labels, most, seed):
    index = drawn_rows(labels, most, np.random.default_rng(seed))
    assert len(index) == min(most, len(labels))
    assert list(index) == sorted(set(index.tolist()))
    before, after = Counter(labels), Counter(labels[i] for i in index)
    assert all(after[label] >= min(before[label], KEPT_OF_EACH) for label in before)
