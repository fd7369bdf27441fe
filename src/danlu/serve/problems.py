"""Every error a client can meet, as one JSON shape: {"error": {"what", "where", "fix"}}.

Knows how an error is worded on the wire; does not know what was asked of the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from danlu.errors import quote
from danlu.serve.page import SAFE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.responses import Response


class Problem(Exception):  # noqa: N818 - an answer, not a fault
    """A request that is answered with an error.

    Args:
        status: the HTTP status.
        what: what is wrong, as a sentence.
        where: the part of the request it stands in, such as `texts[2], character 7`.
        fix: what to do about it, as a sentence.
        headers: more headers for the answer.
    """

    def __init__(
        self, status: int, what: str, *, where: str, fix: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(what)
        self.status, self.what, self.where, self.fix, self.headers = status, what, where, fix, headers

    def response(self) -> Response:
        """The answer, ready to send."""
        error = {"what": self.what, "where": self.where, "fix": self.fix}
        return JSONResponse({"error": error}, self.status, headers=self.headers)


def install(app: FastAPI) -> None:
    """Answer every error of an application in the one shape."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _fault)


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _http(request: Request, error: Exception) -> Response:
    """What the router itself refuses."""
    assert isinstance(error, HTTPException)
    where = quote(f"{request.method} {request.url.path}")
    if error.status_code == 404:
        what, fix = "There is nothing at this path.", "Ask POST /predict, GET /health, /labels, /card, / or /docs."
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "the method that /docs names")
        what, fix = "This path does not take this method.", f"Use {allowed}."
    else:
        what, fix = str(error.detail), "See /docs."
    return Problem(error.status_code, what, where=where, fix=fix, headers=error.headers).response()


async def _gone(_request: Request, _error: Exception) -> Response:
    """The client hung up while it was sending; nobody reads this."""
    return Problem(400, "The body ended early.", where="body", fix="Send the whole body.").response()


async def _fault(request: Request, _error: Exception) -> Response:
    """A fault of danlu's own; the server's log has it in full. Starlette answers it outside all middleware."""
    where = quote(f"{request.method} {request.url.path}")
    fix = "Try again; if it comes again, report it with what the server's log says."
    return Problem(500, "The server failed.", where=where, fix=fix, headers=SAFE).response()
