"""A Ray cluster trains what one process trains, and hands on what a user can mend."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from danlu.corpus.prepare import Cleaning
from danlu.errors import OptionError
from danlu.factory.base_cluster import make_base_on_cluster
from danlu.factory.wish import Wish

pytest.importorskip("ray", reason="needs ray: pip install 'danlu[cluster]'")


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    draw = random.Random(0)
    lines = [f"{draw.choice(['猫', 'the bird'])} likes {draw.randrange(1000)}。" for _ in range(200)]
    rows = ["".join(lines[start : start + 1 + start % 5]) for start in range(0, 180, 3)]
    path = tmp_path_factory.mktemp("raw") / "news.jsonl"
    path.write_text("".join(json.dumps({"text": row}, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def words(text, out, *options):
    command = ["pretrain", str(text), "--out", str(out), "--size", "tiny", "--json"]
    return [*command, "--vocabulary", "400", "--batch", "256", "--context", "64", "--passes", "0.5", *options]


def pretrain(text, out, *options):
    command = [sys.executable, "-m", "danlu", *words(text, out, *options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=dict(os.environ))


@pytest.mark.slow
def test_two_processes_of_a_cluster_make_what_one_makes(run, text, tmp_path):
    code, alone, _ = run(*words(text, tmp_path / "one"))
    assert code == 0
    together = pretrain(text, tmp_path / "two", "--ray", "local", "--workers", "2", "--shard")
    assert together.returncode == 0, together.stderr[-3000:]
    assert "million weights" in together.stderr  # what it will take is told
    one, two = (json.loads(told)["held_out"]["news"]["loss"] for told in (alone, together.stdout))
    assert two == pytest.approx(one, abs=1e-3)  # sums of other parts, by other numbers of threads
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]  # what Ray noted is gone
    plans = [json.loads((tmp_path / name / "plan.json").read_text()) for name in ("one", "two")]
    assert [plan["seconds"] is None for plan in plans] == [False, True]  # two processes do not measure speed
    again = pretrain(text, tmp_path / "two", "--ray", "local", "--workers", "2", "--passes", "0.7")
    assert again.returncode == 2  # said by a process of the cluster
    assert "Fix: " in again.stderr
    assert "Traceback" not in again.stderr


@pytest.mark.slow
def test_an_interrupt_ends_it_as_it_ends_every_command(text, tmp_path):
    command = [sys.executable, "-m", "danlu", "pretrain", str(text), "--out", str(tmp_path / "out"), "--size", "tiny"]
    command += ["--vocabulary", "400", "--batch", "64", "--context", "64", "--passes", "5000", "--ray", "local"]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True) as process:
        try:
            for _ in range(1_500):
                if (tmp_path / "out" / "training" / "metrics.jsonl").exists() or process.poll() is not None:
                    break
                time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=180)
        finally:
            process.kill()
    assert process.returncode == 130, err[-2000:]
    assert "danlu: stopped; the same command goes on where it was." in err
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_minutes_are_for_one_process(text, tmp_path):
    wish = Wish(size="tiny", minutes=1.0, cleaning=Cleaning(context=64))
    with pytest.raises(OptionError, match="Minutes are for one process"):
        make_base_on_cluster("local", 2, "replicate", [text], tmp_path / "out", wish)
    assert not (tmp_path / "out").exists()


def test_workers_belong_to_a_cluster(run, text, tmp_path):
    code, _, err = run(*words(text, tmp_path / "out", "--workers", "2"))
    assert code == 2
    assert "--workers is for --ray" in err


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:1", "Nothing answers at 127.0.0.1:1"),
        ("a..b:1", r"Nothing answers at a\.\.b:1"),
        ("ray://a:1", "no address"),
        ("::1:1", "no address"),
        ("a", "no address"),
        ("a:0", "no address"),
    ],
)
def test_a_cluster_that_does_not_answer_is_named(text, tmp_path, address, said):
    wish = Wish(size="tiny", cleaning=Cleaning(context=64))
    with pytest.raises(OptionError, match=said):
        make_base_on_cluster(address, 2, "replicate", [text], tmp_path / "out", wish)
    assert not list(tmp_path.iterdir())
