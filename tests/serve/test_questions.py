"""A served model that chooses among options takes questions with them, and says so where it gets anything else."""

from __future__ import annotations

import json

import pytest

from danlu.serve.app import create_app
from danlu.text.question import ask


@pytest.fixture
def app(make_model):
    model = make_model()
    model.pairing, model.options = "ordered", True
    return create_app(model, max_texts=3, max_chars=10, queue=3), model


def post(talk, app, body):
    async def conversation(client):
        return await client.post("/predict", content=json.dumps(body))

    return talk(app, conversation)


ONE = {"question": "which?", "options": ["a", "bc"]}


@pytest.mark.parametrize("body", [ONE, {"questions": [ONE]}])
def test_a_question_reaches_the_model_with_its_options(talk, app, body):
    application, model = app
    response = post(talk, application, body)
    assert response.status_code == 200
    assert len(response.json()["predictions"]) == 1
    assert model.batches == [[ask("which?", ["a", "bc"])]]


@pytest.mark.parametrize(
    ("body", "what", "where"),
    [
        ([], "The body is a list, not an object.", "body"),
        ({}, "The field 'question' is not there.", "body"),
        ({"text": "a"}, "The field 'text' is unknown.", "body"),
        ({"question": "q"}, "The field 'options' is not there.", "body"),
        ({**ONE, "answer": 1}, "The field 'answer' is unknown.", "body"),
        ({**ONE, "options": "ab"}, "The options are a string, not a list of strings.", "options"),
        ({**ONE, "options": ["a"]}, "There are 1 options.", "options"),
        ({**ONE, "options": ["a", 1]}, "The text is a number, not a string.", "options[1]"),
        ({**ONE, "options": ["a", " "]}, "The text is empty.", "options[1]"),
        ({**ONE, "options": ["a", "\u200b"]}, "The text has no visible character.", "options[1]"),
        ({**ONE, "options": ["a", "b", " a "]}, "The option stands there already.", "options[2]"),
        ({**ONE, "question": "q" * 11}, "The text has 11 characters, more than 10.", "question"),
        ({"questions": ONE}, "The field is an object, not a list.", "questions"),
        ({"questions": []}, "The list is empty.", "questions"),
        ({"questions": [ONE] * 4}, "There are 4 questions, more than 3.", "questions"),
        ({"questions": ["q"]}, "The question is a string, not an object.", "questions[0]"),
        ({"questions": [ONE, {"question": "q"}]}, "The field 'options' is not there.", "questions[1]"),
        ({"questions": [ONE], "question": "q"}, "Beside 'questions' stands 'question'.", "body"),
    ],
)
def test_what_is_no_question_is_refused(talk, app, body, what, where):
    response = post(talk, app[0], body)
    assert response.status_code == 422
    error = response.json()["error"]
    assert (error["what"], error["where"]) == (what, where)
    assert error["fix"]


def test_the_page_and_the_description_speak_of_questions(talk, app):
    async def conversation(client):
        paths = ("/", "/openapi.json", "/labels", "/health")
        return [await client.get(path) for path in paths]

    page, described, labels, health = talk(app[0], conversation)
    assert 'data-kind="questions"' in page.text
    body = described.json()["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert [list(shape["properties"]) for shape in body["schema"]["oneOf"]] == [["question", "options"], ["questions"]]
    assert set(body["example"]) == {"question", "options"}
    assert labels.json() == {"labels": []}
    assert health.json()["labels"] == 0


def test_a_real_model_answers_with_an_option(talk, question_file):
    import danlu

    application = create_app(danlu.load(question_file))

    async def conversation(client):
        asked = {"questions": [{"question": "my box is late", "options": ["parcel courier", "很好 谢谢", "refund"]}]}
        return await client.post("/predict", content=json.dumps(asked)), await client.get("/")

    answer, page = talk(application, conversation)
    found = answer.json()["predictions"][0]
    assert found["label"] in ("parcel courier", "很好 谢谢", "refund")
    assert sum(one["probability"] for one in found["top"]) == pytest.approx(1)
    assert page.status_code == 200
