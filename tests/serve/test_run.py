"""A real server on a real port: it starts, answers, and stops when told to."""

from __future__ import annotations

import importlib
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import httpx
import pytest

from danlu.errors import MissingExtra, OptionError
from danlu.serve.run import address, listen, server


@pytest.fixture
def base(model):
    """The address of a server that runs in a thread of this process."""
    with listen("127.0.0.1", 0) as listener:
        running = server(model)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        yield address(listener)  # it listens already: a request waits in the socket until the server is up
        running.should_exit = True
        thread.join(30)
    assert not thread.is_alive()


def test_a_server_in_a_thread(base):
    response = httpx.post(base + "/predict", json={"texts": ["a", "bb"]}, timeout=30)
    assert [answer["label"] for answer in response.json()["predictions"]] == ["odd", "even"]
    assert "server" not in response.headers


def test_a_body_that_is_too_large_is_answered_over_a_real_connection(base):
    assert httpx.post(base + "/predict", content=b" " * 12_000_000, timeout=30).status_code == 413


@pytest.mark.skipif(sys.platform == "win32", reason="no signals to send")
def test_run_says_where_it_is_and_stops_on_an_interrupt():
    program = """
        import sys
        sys.path.insert(0, sys.argv[1])
        from conftest import Echo
        from danlu.serve.run import run
        run(Echo(), port=0)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            said = process.stderr.readline()
            assert said.startswith("Serving echo at http://127.0.0.1:")
            response = httpx.get(said.split()[3] + "/health", timeout=30)
            process.send_signal(signal.SIGINT)
            out, rest = process.communicate(timeout=30)
        finally:
            process.kill()
    assert response.json()["status"] == "ok"
    assert (process.returncode, out, rest) == (0, "", "Stopped.\n")


def test_a_taken_port_is_an_error_that_says_so():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OptionError, match=rf"127\.0\.0\.1:{port}.*Fix: stop the program that holds the port"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("127.0.0.1", -1, "port -1 does not exist"),
        ("127.0.0.1", 65536, "port 65536 does not exist"),
        ("192.0.2.1", 0, "Fix: use an address of this machine"),
        ("a..b", 0, "cannot listen on host"),
    ],
)
def test_an_address_that_cannot_be_had_is_explained(host, port, message):
    with pytest.raises(OptionError, match=message):
        listen(host, port)


@pytest.mark.parametrize(
    ("bound", "shown"),
    [
        (("127.0.0.1", 80), "http://127.0.0.1:80"),
        (("0.0.0.0", 81), "http://127.0.0.1:81"),
        (("::", 82, 0, 0), "http://[::1]:82"),
    ],
)
def test_the_address_is_one_a_browser_can_open(bound, shown):
    class Bound(socket.socket):
        def getsockname(self):
            return bound

    with Bound() as listener:
        assert address(listener) == shown


def test_without_the_libraries_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "danlu.serve.run")
    with pytest.raises(MissingExtra, match=r"needs uvicorn.*danlu\[serve\]"):
        importlib.import_module("danlu.serve.run")
