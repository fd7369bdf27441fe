"""The job folder: a finished stage is read, an unfinished one leaves nothing, another job sees none of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, scalar_dtypes

from danlu.errors import OptionError
from danlu.factory import job as jobs
from danlu.factory.job import Job, folder_of, folders_of, refuse_existing

IDENTITY = {"files": [["train", "abc"]], "seed": 0, "名": "炉"}
ANY_ARRAYS = st.dictionaries(
    st.sampled_from(["vectors", "first/weights", "last/head/ngram/bias", "encoder.layer.1.weight", "forms"]),
    scalar_dtypes().flatmap(lambda dtype: arrays(dtype, array_shapes(min_dims=0, min_side=0, max_dims=3))),
)


def never():
    raise AssertionError("a finished stage ran again")


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path / "out" / "model.danlu", IDENTITY)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("jobs")


@settings(max_examples=30)
@given(ANY_ARRAYS)
def test_arrays_come_back_as_they_were_made(shared, made):
    job = Job(shared / "model.danlu", IDENTITY)
    stage = f"stage-{len(job.seconds)}"
    for found in (job.keep(stage, lambda: made), job.keep(stage, never)):
        assert found.keys() == made.keys()
        for name, value in made.items():
            assert (found[name].dtype, found[name].shape) == (value.dtype, value.shape)
            assert found[name].tobytes() == value.tobytes()


def test_strings_come_back_without_pickles(job):
    forms = np.array(["ngram", "linear", "名"])
    assert job.keep("forms", lambda: {"forms": forms})["forms"].tolist() == forms.tolist()


@pytest.mark.parametrize("value", [b"", b"\x00\xff" * 500])
def test_bytes_come_back(job, value):
    assert job.keep_bytes("ngram.onnx", lambda: value) == value
    assert job.keep_bytes("ngram.onnx", never) == value


def fail():
    raise ZeroDivisionError


@pytest.mark.parametrize("keep", ["keep", "keep_bytes"])
def test_a_stage_that_fails_leaves_nothing_and_can_be_run_again(job, keep):
    with pytest.raises(ZeroDivisionError):
        getattr(job, keep)("stage", fail)
    assert list(job.folder.iterdir()) == []
    assert job.seconds == {}
    good = {"keep": {"a": np.ones(2)}, "keep_bytes": b"a"}[keep]
    assert str(getattr(job, keep)("stage", lambda: good)) == str(good)


def test_a_killed_job_goes_on_where_it_was(job, tmp_path):
    first = job.keep("vectors", lambda: {"all": np.arange(6.0)})
    with pytest.raises(KeyboardInterrupt):
        job.keep("beliefs", interrupt)
    again = Job(tmp_path / "out" / "model.danlu", dict(reversed(IDENTITY.items())))
    assert again.folder == job.folder
    np.testing.assert_array_equal(again.keep("vectors", never)["all"], first["all"])
    assert again.keep("beliefs", lambda: {"all": np.zeros(1)})["all"].tolist() == [0.0]
    assert again.seconds.keys() == {"vectors", "beliefs"}
    assert json.loads((again.folder / "seconds.json").read_text()) == again.seconds


def interrupt():
    raise KeyboardInterrupt


@pytest.mark.parametrize("other", [{**IDENTITY, "seed": 1}, {**IDENTITY, "more": None}, {}])
def test_another_job_sees_none_of_it(job, tmp_path, other):
    job.keep("vectors", lambda: {"all": np.zeros(1)})
    stranger = Job(tmp_path / "out" / "model.danlu", other)
    assert stranger.folder != job.folder
    assert stranger.keep("vectors", lambda: {"all": np.ones(1)})["all"].tolist() == [1.0]
    assert stranger.seconds.keys() == {"vectors"}


def test_the_folder_is_hidden_beside_the_model_and_goes_when_the_job_is_done(job, tmp_path):
    assert job.folder.parent == tmp_path / "out"
    assert job.folder.name.startswith(".model-")
    assert job.folder.name.endswith(".job")
    job.keep_bytes("a", lambda: b"a")
    job.remove()
    job.remove()
    assert list((tmp_path / "out").iterdir()) == []


def test_only_what_the_job_wrote_itself_and_nobody_changed_may_be_written_again(job, tmp_path):
    out = tmp_path / "out" / "model.danlu"
    assert folders_of(out) == [job.folder] == [folder_of(out, IDENTITY)]
    assert not job.claim(out, b"model")  # nothing is there yet
    out.write_bytes(b"model")
    refuse_existing([out], [job.folder], force=False)
    again = Job(out, IDENTITY)
    assert again.claim(out, b"the model, made again")
    assert again.claim(out, b"and again")  # after a kill between the note and the writing
    for content, folders in ((b"mine", [job.folder]), (b"model", []), (b"model", [folder_of(out, {})])):
        out.write_bytes(content)
        with pytest.raises(OptionError, match=r"model\.danlu exists.*--force"):
            refuse_existing([out], folders, force=False)
        refuse_existing([out], folders, force=True)
    job.remove()
    with pytest.raises(OptionError, match="--force"):  # a job that is done wrote it: now it is the user's
        refuse_existing([out], [job.folder], force=False)


def test_what_earlier_jobs_left_goes_when_one_is_done_but_not_from_under_a_process(tmp_path):
    out = tmp_path / "a.danlu"
    for seed in range(3):
        Job(out, {"seed": seed}).keep_bytes("stage", lambda: b"stage")  # and nobody holds it any more
    at_work = Job(out, {"seed": 3})
    strangers = [Job(tmp_path / name, {}).folder for name in ("a-b.danlu", "b.danlu", "a.v2")]
    program = "import sys; from pathlib import Path; from danlu.factory.job import Job\n"
    program += "job = Job(Path(sys.argv[1]), {'seed': 4}); print(job.folder, flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", program, str(out)], stdin=-1, stdout=-1, text=True) as other:
        elsewhere = Path(other.stdout.readline().strip())
        job = Job(out, {"seed": 0})
        assert len(folders_of(out)) == 5
        job.remove()
        assert folders_of(out) == sorted([at_work.folder, elsewhere])
        other.communicate("")
    at_work.remove()
    assert folders_of(out) == []
    assert all(folder.is_dir() for folder in strangers)


def test_where_folders_cannot_be_locked_those_of_others_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "fcntl", None)
    left = Job(tmp_path / "a.danlu", {"seed": 1}).folder
    Job(tmp_path / "a.danlu", {}).remove()
    assert folders_of(tmp_path / "a.danlu") == [left]


def test_jobs_of_a_model_are_told_from_those_of_others(tmp_path):
    mine = [Job(tmp_path / "a.danlu", {"seed": seed}).folder for seed in range(3)]
    Job(tmp_path / "a-b.danlu", {})
    Job(tmp_path / "b.danlu", {})
    (tmp_path / ".a-notes.job").mkdir()
    assert folders_of(tmp_path / "a.danlu") == sorted(mine)
    assert folders_of(tmp_path / "new" / "a.danlu") == []


def test_no_temporary_file_is_left(job):
    for number in range(3):
        job.keep(f"stage-{number}", lambda: {"a": np.zeros(3)})
    assert sorted(path.name for path in job.folder.iterdir()) == [
        "seconds.json",
        *(f"stage-{number}.npz" for number in range(3)),
    ]
