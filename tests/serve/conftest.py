"""A tiny real model: its answers can be computed by hand, and it fails or waits when it is told to."""

from __future__ import annotations

import asyncio
import threading

import httpx
import pytest

from danlu.errors import DataError
from danlu.types import Prediction


class Echo:
    """Labels a text by whether its length is odd, and says its length in the probability."""

    def __init__(self, language="en"):
        self.name = "echo"
        self.labels = ("even", "odd")
        self.pairing = None
        self.beside = None
        self.options = False
        self.range = None
        self.card = {"name": "echo", "task": {"labels": ["even", "odd"], "language": language}}
        self.batches = []
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    @staticmethod
    def answer(text):
        label, other = ("odd", "even") if len(text) % 2 else ("even", "odd")
        probability = 0.5 + 0.5 / (1 + len(text))
        return Prediction(label, probability, len(text) > 3, ((label, probability), (other, 1 - probability)))

    def predict(self, texts):
        self.entered.set()
        assert self.gate.wait(10)
        self.batches.append(list(texts))
        if any("bad" in text for text in texts):
            raise ZeroDivisionError("a secret detail")
        if any("refused" in text for text in texts):
            raise DataError("this text cannot be read", "write it anew")
        return [self.answer(text) for text in texts]


@pytest.fixture
def model():
    return Echo()


@pytest.fixture
def make_model():
    return Echo


@pytest.fixture
def talk():
    """Run a conversation with an application: its lifespan around it, no network beneath it."""

    def run(app, conversation):
        async def main():
            transport = httpx.ASGITransport(app=app)
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(transport=transport, base_url="http://test") as client,
            ):
                return await conversation(client)

        return asyncio.run(main())

    return run
