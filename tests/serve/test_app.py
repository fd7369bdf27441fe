"""The application answers every request: with predictions, or with an error that says how to mend it."""

from __future__ import annotations

import asyncio
import json
import re

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from danlu.errors import OptionError
from danlu.serve.app import create_app

SMALL = {"max_texts": 3, "max_chars": 10, "max_body": 200, "queue": 3}


def post(talk, app, content, **headers):
    async def conversation(client):
        return await client.post("/predict", content=content, headers=headers)

    return talk(app, conversation)


def get(talk, app, path, method="GET"):
    async def conversation(client):
        return await client.request(method, path)

    return talk(app, conversation)


def on_wire(prediction):
    return {
        "label": prediction.label,
        "probability": prediction.probability,
        "abstained": prediction.abstained,
        "top": [{"label": label, "probability": probability} for label, probability in prediction.top],
    }


def check_error(response):
    error = response.json()["error"]
    assert set(error) == {"what", "where", "fix"}
    assert all(isinstance(value, str) and value for value in error.values())
    assert "Traceback" not in response.text
    return error


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ({"text": "abc"}, ["abc"]),
        ({"texts": ["abc"]}, ["abc"]),
        ({"texts": ["a", "bb", "abcde"]}, ["a", "bb", "abcde"]),
        ({"text": "一颗丹💊"}, ["一颗丹💊"]),
        ({"text": "a\u0000\n"}, ["a\u0000\n"]),
    ],
)
def test_predict(model, talk, body, texts):
    for ascii_only in (True, False):
        response = post(talk, create_app(model), json.dumps(body, ensure_ascii=ascii_only).encode())
        assert response.status_code == 200
        assert response.json() == {"predictions": [on_wire(model.answer(text)) for text in texts]}


def test_a_byte_order_mark_is_no_error(model, talk):
    assert post(talk, create_app(model), b'\xef\xbb\xbf{"text": "a"}').status_code == 200


BAD = [
    (b"", 400, "empty"),
    (b" \n", 400, "empty"),
    (b"{", 400, "not JSON"),
    (b"{'text': 'a'}", 400, "not JSON"),
    (b'{"text": "a"} x', 400, "not JSON"),
    (b'{"text": NaN}', 400, "NaN"),
    (b'{"text": -Infinity}', 400, "-Infinity"),
    (b'{"text": "\xff"}', 400, "UTF-8"),
    (b'{"text": "\xed\xa0\x80"}', 400, "UTF-8"),
    ('{"text": "a"}'.encode("utf-16"), 400, "UTF-8"),
    (b"[" * 150, 400, "JSON"),
    (b"null", 422, "null"),
    (b"[]", 422, "a list"),
    (b'"text"', 422, "a string"),
    (b"1", 422, "a number"),
    (b"true", 422, "true or false"),
    (b"{}", 422, "Neither"),
    (b'{"text": "a", "texts": ["a"]}', 422, "Both"),
    (b'{"text": "a", "model": "b"}', 422, "'model' is unknown"),
    (b'{"Text": "a"}', 422, "'Text' is unknown"),
    (b'{"\\ud800": "a"}', 422, "unknown"),
    (b'{"' + b"k" * 100 + b'": 1}', 422, "unknown"),
    (b'{"text": "a", "text": "b"}', 422, "twice"),
    (b'{"text": null}', 422, "null"),
    (b'{"text": 1}', 422, "a number"),
    (b'{"text": 1e999}', 422, "a number"),
    (b'{"text": ["a"]}', 422, "a list"),
    (b'{"text": {"text": "a"}}', 422, "an object"),
    (b'{"texts": "a"}', 422, "not a list"),
    (b'{"texts": null}', 422, "not a list"),
    (b'{"texts": []}', 422, "empty"),
    (b'{"texts": ["a", "b", "c", "d"]}', 422, "4 texts"),
    (b'{"texts": ["a", 2]}', 422, "a number"),
    (b'{"texts": ["a", ""]}', 422, "empty"),
    (b'{"text": ""}', 422, "empty"),
    (b'{"text": " \\u3000\\n"}', 422, "empty"),
    (b'{"text": "01234567890"}', 422, "11 characters"),
    (b'{"text": "ab\\ud800"}', 422, "surrogate"),
    (b'{"texts": ["\\udc00\\ud83d"]}', 422, "surrogate"),
    (b'{"text": "' + b"a" * 200 + b'"}', 413, "200 bytes"),
]


@pytest.mark.parametrize(("body", "status", "what"), BAD, ids=[repr(body[:40]) for body, *_ in BAD])
def test_a_bad_body_is_explained(model, talk, body, status, what):
    response = post(talk, create_app(model, **SMALL), body)
    assert response.status_code == status
    assert what in check_error(response)["what"]
    assert model.batches == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 1_000_000, 400),
        (b'{"text":' * 500_000, 400),
        (b'{"text": [' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"]}", 400),
        (b'{"text": ' + b"9" * 3_000_000 + b"}", 422),
        (b'{"text": -1e' + b"9" * 3_000_000 + b"}", 422),
        (b'{"text": "' + b"a" * 20_001 + b'"}', 422),
        (b'{"texts": [' + b",".join([b'"a"'] * 257) + b"]}", 422),
    ],
    ids=["deep list", "deep object", "deep in a field", "huge integer", "huge exponent", "long text", "many texts"],
)
def test_a_body_made_to_hurt_is_explained(model, talk, body, status):
    response = post(talk, create_app(model), body)
    assert response.status_code == status
    check_error(response)


def test_an_error_names_the_place(model, talk):
    app = create_app(model, **SMALL)
    places = {
        b'{"texts": ["a", "b", 3]}': "texts[2]",
        b'{"texts": ["a", "xy\\ud800"]}': "texts[1], character 2",
        b'{"text": 3}': "text",
        b'{\n"text" "a"}': "body, line 2, column 8",
        b'{"text": "\xff"}': "body, byte 10",
    }
    assert {body: check_error(post(talk, app, body))["where"] for body in places} == places


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
_nearly = st.fixed_dictionaries(
    {}, optional={"text": st.text(max_size=12) | _json, "texts": st.lists(st.text(max_size=12) | _json, max_size=4)}
)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bodies=st.lists(st.one_of((_json | _nearly).map(json.dumps).map(str.encode), st.binary(max_size=300)), max_size=8)
)
def test_no_body_makes_the_server_fail(make_model, talk, bodies):
    async def conversation(client):
        return await asyncio.gather(*(client.post("/predict", content=body) for body in bodies))

    app = create_app(make_model(), max_texts=3, max_chars=10, max_body=200, queue=100)
    for response in talk(app, conversation):
        assert response.status_code == 200 or 400 <= response.status_code < 500
        if response.status_code != 200:
            check_error(response)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=st.lists(st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=5), max_size=20))
def test_concurrent_requests_get_their_own_answers(make_model, talk, requests):
    model = make_model()
    requests = [[text.replace("bad", "bed") for text in texts] for texts in requests]

    async def conversation(client):
        return await asyncio.gather(*(client.post("/predict", json={"texts": texts}) for texts in requests))

    for texts, response in zip(requests, talk(create_app(model), conversation), strict=True):
        assert response.json()["predictions"] == [on_wire(model.answer(text)) for text in texts]


class TestBodyLimit:
    """What is too large is refused by what it declares and by what it is, and is never kept."""

    def ask(self, talk, app, chunks, **headers):
        sent = []

        async def body():
            for chunk in chunks:
                sent.append(len(chunk))
                yield chunk

        async def conversation(client):
            return await client.post("/predict", content=body(), headers=headers)

        return talk(app, conversation), sum(sent)

    def test_a_body_of_exactly_the_limit_is_read(self, model, talk):
        body = b'{"text": "a"}'.ljust(200)
        assert post(talk, create_app(model, **SMALL), body).status_code == 200
        assert post(talk, create_app(model, **SMALL), body + b" ").status_code == 413

    def test_an_undeclared_flood_is_cut_off(self, model, talk):
        response, taken = self.ask(talk, create_app(model, **SMALL), (b" " * 50 for _ in range(1_000_000)))
        assert response.status_code == 413
        assert response.headers["connection"] == "close"
        assert check_error(response)["what"] == "The body is larger than 200 bytes."
        assert taken <= 17 * 200

    def test_a_client_that_asks_first_sends_nothing(self, model, talk):
        chunks = (b" " * 50 for _ in range(1_000_000))
        app = create_app(model, **SMALL)
        response, _ = self.ask(talk, app, chunks, **{"Content-Length": "50000000", "Expect": "100-continue"})
        assert response.status_code == 413
        assert next(chunks, None), "the body was read"

    @pytest.mark.parametrize(
        ("length", "status"), [("201", 413), ("9" * 6000, 413), ("-1", 400), ("a", 400), ("1_0", 400), ("", 400)]
    )
    def test_a_declared_length_is_believed_when_it_is_one(self, model, talk, length, status):
        response, _ = self.ask(talk, create_app(model, **SMALL), [b'{"text": "a"}'], **{"Content-Length": length})
        assert response.status_code == status
        check_error(response)

    def test_a_compressed_body_is_refused(self, model, talk):
        response = post(talk, create_app(model), b"...", **{"Content-Encoding": "gzip"})
        assert response.status_code == 415
        check_error(response)

    def test_a_client_that_hangs_up_fails_nothing(self, model):
        app = create_app(model)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "path": "/predict",
            "raw_path": b"/predict",
            "query_string": b"",
            "headers": [],
        }
        sent = []

        async def receive():
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        async def main():
            async with app.router.lifespan_context(app):
                await app(scope, receive, send)

        asyncio.run(main())
        assert sent[0]["status"] == 400


def test_a_full_queue_is_503(model, talk):
    async def conversation(client):
        model.gate.clear()
        working = asyncio.create_task(client.post("/predict", json={"text": "w"}))
        assert await asyncio.to_thread(model.entered.wait, 10)
        outcomes = [asyncio.create_task(client.post("/predict", json={"texts": ["a", "b"]})) for _ in range(3)]
        done, waiting = await asyncio.wait(outcomes, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 2:
            more, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            done |= more
        model.gate.set()
        return [task.result() for task in done], [await task for task in (working, *waiting)]

    refused, answered = talk(create_app(model, **SMALL), conversation)
    assert [response.status_code for response in refused] == [503, 503]
    assert all(response.headers["retry-after"] == "1" and check_error(response) for response in refused)
    assert [response.status_code for response in answered] == [200, 200]


def test_a_server_that_has_stopped_says_503(model):
    async def after_the_lifespan():
        app = create_app(model)
        async with app.router.lifespan_context(app):
            pass
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
            return await client.post("/predict", json={"text": "a"})

    response = asyncio.run(after_the_lifespan())
    assert response.status_code == 503
    check_error(response)


def test_a_text_the_model_refuses_is_the_clients_to_mend(model, talk):
    response = post(talk, create_app(model), b'{"texts": ["a", "refused"]}')
    assert response.status_code == 422
    assert check_error(response)["where"] == "text 2 of the request"


def test_a_fault_of_the_model_is_a_clean_500_and_spares_the_neighbours(model, talk):
    async def conversation(client):
        return await asyncio.gather(*(client.post("/predict", json={"text": text}) for text in ("a", "bad", "c")))

    first, bad, last = talk(create_app(model), conversation)
    assert (first.status_code, bad.status_code, last.status_code) == (200, 500, 200)
    check_error(bad)
    assert "secret" not in bad.text


def test_a_fault_of_the_server_is_a_clean_500(model):
    app = create_app(model)

    @app.get("/broken")
    async def broken():
        raise ZeroDivisionError("a secret detail")

    async def main():
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get("/broken")

    response = asyncio.run(main())
    assert response.status_code == 500
    assert response.headers["x-content-type-options"] == "nosniff"
    check_error(response)
    assert "secret" not in response.text


def test_the_facts(model, talk):
    app = create_app(model)
    assert get(talk, app, "/health").json() == {"status": "ok", "model": "echo", "labels": 2}
    assert get(talk, app, "/labels").json() == {"labels": ["even", "odd"]}
    assert get(talk, app, "/card").json() == model.card


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/predict", 405),
        ("PUT", "/predict", 405),
        ("POST", "/", 405),
        ("DELETE", "/health", 405),
        ("GET", "/predict/", 404),
        ("GET", "/health/", 404),
        ("GET", "/redoc", 404),
        ("GET", "/pages/index.html", 404),
        ("GET", "/%ff%00<script>", 404),
        ("GET", "/" + "x" * 5000, 404),
    ],
)
def test_a_wrong_address_is_explained(model, talk, method, path, status):
    response = get(talk, create_app(model), path, method)
    assert response.status_code == status
    assert len(response.content) < 500
    check_error(response)
    assert ("allow" in response.headers) == (status == 405)


@pytest.mark.parametrize(("language", "expected"), [("zh", "zh"), ("mixed", "zh"), ("en", "en"), (None, "en")])
@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_speak_the_language_of_the_task_and_need_no_network(make_model, talk, path, language, expected):
    response = get(talk, create_app(make_model(language), max_chars=123), path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert f'<html lang="{expected}" data-max-chars="123" data-kind="texts">' in response.text
    assert "//" not in response.text, "a link to the outside"
    assert not re.search(r'\s(src|style|on\w+)="', response.text), "what the policy would block"


def test_a_card_without_a_task_is_no_error(model, talk):
    for card in ({}, {"task": None}, {"task": "zh"}, {"task": {"language": ["zh"]}}):
        model.card = card
        assert '<html lang="en"' in get(talk, create_app(model), "/").text


def test_headers_are_safe(model, talk):
    app = create_app(model)
    for path in ("/", "/docs", "/health", "/openapi.json", "/nowhere"):
        headers = get(talk, app, path).headers
        assert headers["x-content-type-options"] == "nosniff"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert ("script-src 'sha256-" in policy) == (path in ("/", "/docs"))
        assert "access-control-allow-origin" not in headers


def test_openapi_describes_what_is_served(model, talk):
    api = get(talk, create_app(model), "/openapi.json").json()
    assert list(api["paths"]) == ["/predict", "/health", "/labels", "/card"]
    predict = api["paths"]["/predict"]["post"]
    body = predict["requestBody"]["content"]["application/json"]
    assert [list(shape["properties"]) for shape in body["schema"]["oneOf"]] == [["text"], ["texts"]]
    assert set(predict["responses"]) == {"200", "400", "413", "415", "422", "500", "503"}
    assert post(talk, create_app(model), json.dumps(body["example"]).encode()).status_code == 200


@pytest.mark.parametrize("wrong", [{"max_texts": 0}, {"max_chars": 0}, {"max_body": -1}, {"queue": 255}])
def test_limits_that_cannot_be_are_refused(model, wrong):
    with pytest.raises(OptionError, match=next(iter(wrong))):
        create_app(model, **wrong)
