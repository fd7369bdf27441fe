"""`python -m danlu` as a process of its own: encodings, interrupts, servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import httpx
import pytest


def test_what_the_terminal_cannot_show_is_no_obstacle(toy_files):
    command = [sys.executable, "-m", "danlu", "predict", str(toy_files["ngram"]), "退款 refund 🙂", "--json"]
    done = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "cp1252"}, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["text"] == "退款 refund 🙂"


@pytest.mark.skipif(sys.platform == "win32", reason="no signals to send")
def test_a_server_that_is_interrupted_has_done_its_work(toy_files):
    command = [sys.executable, "-m", "danlu", "serve", str(toy_files["ngram"]), "--port", "0"]
    with subprocess.Popen(command, stderr=-1, text=True, encoding="utf-8") as process:
        try:
            said = process.stderr.readline()
            assert said.startswith("Serving ngram at http://127.0.0.1:")
            assert httpx.get(said.split()[3] + "/health", timeout=60).status_code == 200
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, err) == (0, "Stopped.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="no signals to send")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_its_code_and_no_traceback(toy_files, sent):
    command = [sys.executable, "-m", "danlu", "predict", str(toy_files["ngram"])]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, text=True, encoding="utf-8") as process:
        try:
            process.stdin.write("parcel\n" * 512)  # a block: it answers, so it has begun
            process.stdin.flush()
            assert process.stdout.readline().startswith("parcel")
            process.send_signal(sent)
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 128 + sent
    assert err.strip().startswith("danlu: stopped")
    assert "Traceback" not in err
