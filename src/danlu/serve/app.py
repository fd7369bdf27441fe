"""A trained model as an HTTP application.

Knows the endpoints and ties the parts together: `body.py` reads, `batching.py` predicts, `problems.py` refuses and
`page.py` shows. Does not know files or ports.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse  # noqa: TC002 - FastAPI reads the annotations at run time

from danlu.errors import DanluError, OptionError
from danlu.extractor import Extractor
from danlu.serve.asked import QUESTIONS, read_questions
from danlu.serve.batching import Batcher, BatcherStoppedError, PredictionFailedError, QueueFullError
from danlu.serve.body import MENTIONS, PAIRS, TEXTS, Limits, Wire, read_texts
from danlu.serve.page import Kind, Page, SafeHeaders
from danlu.serve.problems import Problem, install
from danlu.serve.schema import Answer, Answers, Findings, Found, Health, Labels, errors, request_body
from danlu.types import Extraction

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from danlu.types import Beside, Pairing, Prediction, Range


class Model(Protocol):
    """What is served: `danlu.artifact.Model`, or anything like it."""

    @property
    def name(self) -> str:
        """What the model is called."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label it can give."""
        ...

    @property
    def pairing(self) -> Pairing | None:
        """Whether it compares two texts, and if so whether their order matters."""
        ...

    @property
    def beside(self) -> Beside | None:
        """What stands beside the text of a pair, where that is no text to compare it with."""
        ...

    @property
    def options(self) -> bool:
        """Whether it chooses among the options that each question brings."""
        ...

    @property
    def range(self) -> Range | None:
        """The least and the greatest score, where it gives scores."""
        ...

    @property
    def card(self) -> dict[str, Any]:
        """What is known of it, as JSON."""
        ...

    def predict(self, texts: Sequence[str]) -> list[Prediction] | list[Extraction]:
        """One prediction a text, in order; called in a thread."""
        ...


def create_app(
    model: Model,
    *,
    max_texts: int = 256,
    max_chars: int = 20_000,
    max_body: int = 4 * 1024 * 1024,
    queue: int = 1024,
) -> FastAPI:
    """The application that serves one model.

    Args:
        model: the model.
        max_texts: the most texts in a request.
        max_chars: the most characters in a text.
        max_body: the most bytes in a body.
        queue: the most texts that wait for the model; more are answered with 503.

    Raises:
        OptionError: a limit below 1, or a queue that one request could overfill.
    """
    limits = Limits(max_texts, max_chars, max_body)
    if queue < max_texts:
        raise OptionError(f"queue ({queue}) is below max_texts ({max_texts}): such requests never fit. Fix: raise it.")
    batcher = Batcher(model.predict, queue=queue)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
        async with batcher:
            yield

    app = FastAPI(
        title=model.name,
        version=version("danlu"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.add_middleware(SafeHeaders)
    install(app)
    spans = isinstance(model, Extractor)
    wire = _wire(model)
    _add_pages(app, _language(model.card), limits, "spans" if spans else _kind(model))
    _add_predict(app, batcher, limits, wire, spans=spans)
    _add_facts(app, model)
    return app


def _wire(model: Model) -> Wire:
    """What a request asks a model about."""
    if model.options:
        return QUESTIONS
    if model.beside == "mention":
        return MENTIONS
    return PAIRS if model.pairing else TEXTS


def _kind(model: Model) -> Kind:
    """What the page asks for."""
    if model.options:
        return "questions"
    if model.beside:
        return "mentions" if model.beside == "mention" else "keywords"
    return "pairs" if model.pairing else "texts"


def _add_pages(app: FastAPI, language: Literal["zh", "en"], limits: Limits, kind: Kind) -> None:
    index = Page.load("index.html", language=language, max_chars=limits.max_chars, kind=kind)
    docs = Page.load("docs.html", language=language, max_chars=limits.max_chars, kind=kind)

    @app.get("/", include_in_schema=False)
    async def show_index() -> HTMLResponse:
        return index.response()

    @app.get("/docs", include_in_schema=False)
    async def show_docs() -> HTMLResponse:
        return docs.response()


def _add_facts(app: FastAPI, model: Model) -> None:
    known = [] if model.options or model.range else list(model.labels)  # a question brings its own, a score is none
    bounds = list(model.range) if model.range else None

    @app.get("/health", summary="Whether the server is up · 服务是否正常", response_model_exclude_none=True)
    async def health() -> Health:
        return Health(status="ok", model=model.name, labels=len(known), range=bounds)

    links = model.settings.links if isinstance(model, Extractor) else None

    @app.get("/labels", summary="The labels · 标签", response_model_exclude_none=True)
    async def labels() -> Labels:
        return Labels(labels=known, relations=list(links.labels) if links else None)

    @app.get("/card", summary="What is known of the model · 模型卡")
    async def card() -> dict[str, Any]:
        return model.card


def _add_predict(app: FastAPI, batcher: Batcher, limits: Limits, wire: Wire, *, spans: bool) -> None:
    @app.post(
        "/predict",
        summary="Find entities · 抽取实体" if spans else "Predict labels · 预测标签",
        response_model=Findings if spans else Answers,
        responses=errors(limits),
        response_model_exclude_unset=True,  # a label may be null
        openapi_extra={"requestBody": request_body(limits, wire)},
    )
    async def predict(request: Request) -> Answers | Findings:
        asked = wire is QUESTIONS
        texts = await (read_questions(request, limits) if asked else read_texts(request, limits, wire))
        try:
            predictions = await batcher.submit(texts)
        except (QueueFullError, BatcherStoppedError) as error:
            raise Problem(
                503,
                "The server has no room for this request now.",
                where="queue",
                fix="Try again after a second.",
                headers={"Retry-After": "1"},
            ) from error
        except PredictionFailedError as error:
            raise _failure(error) from error
        if spans:
            return Findings(predictions=[Found.of(each) for each in predictions if isinstance(each, Extraction)])
        return Answers(predictions=[Answer.of(each) for each in predictions if not isinstance(each, Extraction)])


def _failure(error: PredictionFailedError) -> Problem:
    """The model's failure on a text: the client's to mend if danlu says so, else the server's."""
    where = f"text {error.index + 1} of the request"
    if isinstance(error.__cause__, DanluError):
        return Problem(422, f"The model refuses this text: {error.__cause__}", where=where, fix="Change the text.")
    return Problem(500, "The model failed on this text.", where=where, fix="Send the other texts without it.")


def _language(card: dict[str, Any]) -> Literal["zh", "en"]:
    """The language of the pages: that of the task; Chinese too where the task mixes both."""
    task = card.get("task")
    language = cast("dict[str, Any]", task).get("language") if isinstance(task, dict) else None
    return "zh" if language in ("zh", "mixed") else "en"
