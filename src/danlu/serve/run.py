"""A trained model as a process that listens on a port, until it is told to stop.

Knows sockets, uvicorn and the log; does not know the endpoints.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
from typing import TYPE_CHECKING

from danlu.errors import MissingExtra, OptionError

try:
    import uvicorn

    from danlu.serve.app import Model, create_app
except ModuleNotFoundError as error:
    raise MissingExtra(error.name or "fastapi", "serve") from error

if TYPE_CHECKING:
    from collections.abc import Generator

log = logging.getLogger("danlu.serve")

MOST_CONNECTIONS = 512  # at 4 MiB a body this bounds the memory that waiting requests can take


def run(model: Model, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve a model until SIGINT or SIGTERM; requests that wait then are answered first.

    Args:
        model: the model.
        host: the address to listen on; the default takes requests from this machine only.
        port: the port; 0 takes any free one. The log says which.

    Raises:
        OptionError: the address cannot be had, because the port is taken, or for another reason that is named.
    """
    listener = listen(host, port)
    with listener, _log_to_stderr():
        log.info("Serving %s at %s (stop with Ctrl+C)", model.name, address(listener))
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises the signal again once it has stopped
            server(model).run(sockets=[listener])
        log.info("Stopped.")


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens already, so that the port is ours before the model is touched.

    Raises:
        OptionError: the address cannot be had.
    """
    if not 0 <= port <= 65535:
        raise OptionError(f"port {port} does not exist. Fix: choose one from 1 to 65535.")
    try:
        family, kind, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # asyncio turns off the delay of small packets (Nagle) only where the protocol is named
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise OptionError(f"cannot listen on host '{host}': {error}. Fix: use 127.0.0.1 or 0.0.0.0.") from error
    try:
        if os.name == "posix":  # a port just left may be taken again; on Windows this would share one in use
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        fixes = {
            errno.EADDRINUSE: "stop the program that holds the port, or choose another port",
            errno.EACCES: "choose a port above 1023",
            errno.EADDRNOTAVAIL: "use an address of this machine, such as 127.0.0.1 or 0.0.0.0",
        }
        fix = fixes.get(error.errno or 0, "choose another host or port")
        raise OptionError(f"cannot listen on {host}:{port}: {error.strerror}. Fix: {fix}.") from error
    return listener


def server(model: Model) -> uvicorn.Server:
    """A uvicorn server for a model, quiet but for warnings, that finishes what it began before it stops."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(model),
            lifespan="on",
            ws="none",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=10,
        )
    )


def address(listener: socket.socket) -> str:
    """Where a browser on this machine finds a listening socket."""
    bound: tuple[str, int] = listener.getsockname()[:2]
    host, port = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound[0], bound[0]), bound[1]  # noqa: S104 - not bound here
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.contextmanager
def _log_to_stderr() -> Generator[None, None, None]:
    """Show danlu's own log lines on stderr, unless the program has set up its logging."""
    if log.hasHandlers():
        yield
        return
    handler, before = logging.StreamHandler(), log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
