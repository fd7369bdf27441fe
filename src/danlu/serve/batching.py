"""Many small requests, one batch: what waits together is predicted together.

Knows queues, futures and one worker thread. Does not know HTTP, nor what a model is beyond a function from texts to
predictions.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from danlu.types import Extraction, Prediction

    Answer = Prediction | Extraction

log = logging.getLogger("danlu.serve")


class QueueFullError(RuntimeError):
    """So many texts wait already that these must come again later."""


class BatcherStoppedError(RuntimeError):
    """The batcher is not running: not yet started, stopping or stopped."""


class PredictionFailedError(RuntimeError):
    """The model raised on one text, also when it was alone; `__cause__` is what it raised.

    Args:
        index: the text's place in the request, from 0.
    """

    def __init__(self, index: int) -> None:
        super().__init__(f"the model failed on text {index}")
        self.index = index


@dataclass(eq=False, slots=True)
class _Request:
    """One call of `submit`: its texts, the answers so far, and who waits for them."""

    texts: tuple[str, ...]
    arrived_s: float
    future: asyncio.Future[list[Answer]]
    answers: dict[int, Answer] = field(default_factory=dict[int, "Answer"])

    def settle(self, index: int, outcome: Answer | Exception) -> None:
        """Take one text's outcome; the last answer, or the first failure, settles the request."""
        if self.future.done():  # cancelled, or failed by another of its texts
            return
        if isinstance(outcome, Exception):
            failure = PredictionFailedError(index)
            failure.__cause__ = outcome
            self.future.set_exception(failure)
            return
        self.answers[index] = outcome
        if len(self.answers) == len(self.texts):
            self.future.set_result([self.answers[i] for i in range(len(self.texts))])


class Batcher:
    """Predicts for concurrent requests in batches, inside one event loop.

    Use it as an asynchronous context manager: leaving it answers what waits, then stops.

    Args:
        predict: texts to predictions, one each, in order; called in one worker thread, never twice at once.
        max_batch: the most texts in one call of `predict`.
        max_wait_ms: how long a request may wait for others to share its batch. One that is alone never waits.
        queue: the most texts that may wait, those inside `predict` not counted.
    """

    def __init__(
        self,
        predict: Callable[[Sequence[str]], Sequence[Answer]],
        *,
        max_batch: int = 64,
        max_wait_ms: float = 2.0,
        queue: int = 1024,
    ) -> None:
        self._predict, self._max_batch, self._max_wait_s, self._queue = predict, max_batch, max_wait_ms / 1000, queue
        self._waiting: deque[tuple[_Request, int]] = deque()
        self._unsettled: set[_Request] = set()
        self._news = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._thread: ThreadPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="danlu-predict")
        self._news = asyncio.Event()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self, grace_s: float = 10.0) -> None:
        """Refuse new requests, answer those that wait, and fail those that take longer than `grace_s`."""
        thread, self._thread = self._thread, None
        self._news.set()
        if self._runner is not None and not self._runner.done():
            _, late = await asyncio.wait({self._runner}, timeout=grace_s)
            if late:
                self._runner.cancel()
                await asyncio.wait(late)
        if thread is not None:
            thread.shutdown(wait=False, cancel_futures=True)

    async def submit(self, texts: Sequence[str]) -> list[Answer]:
        """One prediction a text, in order.

        Raises:
            QueueFullError: these texts and those that wait are more than the queue holds.
            BatcherStoppedError: the batcher is not running, or was stopped before the answer came.
            PredictionFailedError: the model raised on one of these texts.
        """
        if self._thread is None:
            raise BatcherStoppedError("the batcher is not running")
        if len(self._waiting) + len(texts) > self._queue:
            raise QueueFullError(f"{len(self._waiting)} texts wait already, of at most {self._queue}")
        if not texts:
            return []
        loop = asyncio.get_running_loop()
        request = _Request(tuple(texts), loop.time(), loop.create_future())
        self._unsettled.add(request)
        self._waiting.extend((request, index) for index in range(len(texts)))
        self._news.set()
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run(self._thread), name="danlu-batches")
        try:
            return await request.future
        except BaseException:  # cancelled or failed: nobody wants the rest of its texts
            self._waiting = deque(entry for entry in self._waiting if entry[0] is not request)
            raise
        finally:
            self._unsettled.discard(request)

    async def _run(self, thread: ThreadPoolExecutor) -> None:
        """Predict batch after batch until nothing waits; whatever ends this early fails every request."""
        try:
            while self._waiting:
                await self._wait_for_company()
                batch = [self._waiting.popleft() for _ in range(min(self._max_batch, len(self._waiting)))]
                if not batch:  # whoever waited has been cancelled meanwhile
                    return
                texts = [request.texts[index] for request, index in batch]
                outcomes = await asyncio.get_running_loop().run_in_executor(thread, self._outcomes, texts)
                for (request, index), outcome in zip(batch, outcomes, strict=True):
                    request.settle(index, outcome)
        except BaseException:
            self._waiting.clear()
            for request in self._unsettled:
                if not request.future.done():
                    request.future.set_exception(BatcherStoppedError("stopped before the answer came"))
            raise

    async def _wait_for_company(self) -> None:
        """Let a batch fill until its oldest request has waited `max_wait_ms`; a lone request has no one to wait for."""
        while self._thread is not None and 0 < len(self._waiting) < self._max_batch:
            oldest, newest = self._waiting[0][0], self._waiting[-1][0]
            left_s = oldest.arrived_s + self._max_wait_s - asyncio.get_running_loop().time()
            if oldest is newest or left_s <= 0:
                return
            self._news.clear()
            try:
                async with asyncio.timeout(left_s):
                    await self._news.wait()
            except TimeoutError:
                return

    def _outcomes(self, texts: Sequence[str]) -> list[Answer | Exception]:
        """One prediction or exception a text. A batch that fails is halved until the texts to blame stand alone."""
        try:
            predictions = list(self._predict(texts))
            if len(predictions) != len(texts):
                raise RuntimeError(f"the model gave {len(predictions)} predictions for {len(texts)} texts")  # noqa: TRY301
        except Exception as error:
            if len(texts) == 1:
                log.exception("The model failed on a text of %d characters.", len(texts[0]))
                return [error]
            middle = len(texts) // 2
            return self._outcomes(texts[:middle]) + self._outcomes(texts[middle:])
        return [*predictions]
