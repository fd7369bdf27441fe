"""A model that finds entities, served: the same endpoint, spans in the answer, and a page that marks them."""

from __future__ import annotations

import pytest

from danlu.artifact import Extractor
from danlu.serve.app import create_app

TEXT = "😀 my parcel is late"


@pytest.fixture
def app(toy_extractor):
    return create_app(Extractor("spans", toy_extractor))


def test_an_answer_carries_entities_with_exact_offsets(app, talk):
    async def conversation(client):
        return await client.post("/predict", json={"texts": [TEXT, "please"]})

    body = talk(app, conversation).json()
    assert len(body["predictions"]) == 2
    for entity in body["predictions"][0]["entities"]:
        assert TEXT[entity["start"] : entity["end"]] == entity["text"]
    assert {entity["text"] for entity in body["predictions"][0]["entities"]} & {"parcel", "late"}


def test_the_page_knows_what_it_shows(app, talk):
    async def conversation(client):
        return await client.get("/"), await client.get("/openapi.json"), await client.get("/labels")

    page, api, labels = talk(app, conversation)
    assert 'data-kind="spans"' in page.text
    schema = api.json()["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["$ref"].endswith("/Findings")
    assert labels.json() == {"labels": ["parcel", "praise", "refund"]}
