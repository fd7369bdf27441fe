"""A served model of pairs takes two texts for each answer, and says so where it gets anything else."""

from __future__ import annotations

import json

import pytest

from danlu.serve.app import create_app
from danlu.text.mention import pair_of
from danlu.text.pair import join


@pytest.fixture
def app(make_model):
    model = make_model()
    model.pairing = "unordered"
    return create_app(model, max_texts=3, max_chars=10, queue=3), model


def post(talk, app, body):
    async def conversation(client):
        return await client.post("/predict", content=json.dumps(body))

    return talk(app, conversation)


@pytest.mark.parametrize("body", [{"pair": ["a", "bc"]}, {"pairs": [["a", "bc"]]}])
def test_a_pair_reaches_the_model_as_one(talk, app, body):
    application, model = app
    response = post(talk, application, body)
    assert response.status_code == 200
    assert len(response.json()["predictions"]) == 1
    assert model.batches == [[join("a", "bc", "ordered")]]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({"text": "a"}, "The field 'text' is unknown."),
        ({"pair": "a"}, "The pair is a string, not two texts."),
        ({"pair": ["a"]}, "The pair is a list of 1, not two texts."),
        ({"pair": ["a", 1]}, "The text is a number, not a string."),
        ({"pair": ["a", " "]}, "The text is empty."),
        ({"pair": ["a", "b" * 11]}, "The text has 11 characters, more than 10."),
        ({"pairs": ["a", "b"]}, "The pair is a string, not two texts."),
        ({"pairs": []}, "The list is empty."),
        ({"pairs": [["a", "b"]] * 4}, "There are 4 pairs, more than 3."),
        ({}, "Neither 'pair' nor 'pairs' is there."),
    ],
)
def test_what_is_no_pair_is_refused(talk, app, body, what):
    response = post(talk, app[0], body)
    assert response.status_code == 422
    assert response.json()["error"]["what"] == what


@pytest.fixture
def asked(make_model):
    model = make_model()
    model.pairing, model.beside = "ordered", "mention"
    return create_app(model), model


@pytest.mark.parametrize("field", ["mention", "mentions"])
def test_a_pronoun_is_asked_about_by_three_texts(talk, asked, field):
    given = ["he ran.", "he", "Tom"]
    response = post(talk, asked[0], {field: given if field == "mention" else [given]})
    assert response.status_code == 200
    assert asked[1].batches == [[join(*pair_of(*given), "ordered")]]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({"pair": ["he ran.", "he"]}, "The field 'pair' is unknown."),
        ({"mention": ["he ran.", "he"]}, "The mention is a list of 2, not three texts."),
        ({"mention": ["he ran.", "she", "Tom"]}, "'she' does not stand in the text."),
        ({"mentions": "he"}, "The field is a string, not a list of mentions."),
    ],
)
def test_what_is_no_such_question_is_refused(talk, asked, body, what):
    response = post(talk, asked[0], body)
    assert response.status_code == 422
    assert response.json()["error"]["what"] == what
    assert response.json()["error"]["fix"]


@pytest.mark.parametrize(
    ("beside", "kind", "field"), [("mention", "mentions", "mention"), ("keywords", "keywords", "pair")]
)
def test_the_page_asks_for_what_stands_beside_the_text(talk, make_model, beside, kind, field):
    model = make_model()
    model.pairing, model.beside = "ordered", beside

    async def conversation(client):
        return (await client.get("/")).text, (await client.get("/openapi.json")).json()

    page, described = talk(create_app(model), conversation)
    assert f'data-kind="{kind}"' in page
    body = described["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert [list(shape["properties"]) for shape in body["schema"]["oneOf"]] == [[field], [f"{field}s"]]


def test_the_page_and_the_description_speak_of_pairs(talk, app):
    async def conversation(client):
        return (await client.get("/")).text, (await client.get("/openapi.json")).json()

    page, described = talk(app[0], conversation)
    assert 'data-kind="pairs"' in page
    body = described["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert [list(shape["properties"]) for shape in body["schema"]["oneOf"]] == [["pair"], ["pairs"]]
    assert body["example"] == {"pairs": [["a first text", "第二条文本"]]}
