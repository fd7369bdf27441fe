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


@pytest.fixture
def linked(toy_linker):
    return create_app(Extractor("links", toy_linker[0]))


def test_an_answer_carries_relations_between_its_entities(linked, talk):
    text = "😀 my parcel is late refund"

    async def conversation(client):
        return await client.post("/predict", json={"texts": [text, "please"]}), await client.get("/labels")

    answer, labels = talk(linked, conversation)
    first, second = answer.json()["predictions"]
    assert second["relations"] == []
    assert first["relations"]
    for each in first["relations"]:
        assert each["head"] in first["entities"]
        assert each["tail"] in first["entities"]
        assert text[each["head"]["start"] : each["head"]["end"]] == each["head"]["text"]
        assert 0 <= each["probability"] <= 1
    assert labels.json()["relations"] == ["before", "earns"]


def test_a_model_without_relations_speaks_of_none(app, talk):
    async def conversation(client):
        return await client.post("/predict", json={"text": TEXT})

    assert "relations" not in talk(app, conversation).json()["predictions"][0]
