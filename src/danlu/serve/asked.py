"""From the bytes of a request to the questions with options in it, refusing whatever is not exactly that.

Knows the wire format of `POST /predict` of a model that chooses among options; limits, JSON and single texts are read
as `body.py` reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from danlu.errors import quote
from danlu.serve.body import Wire, checked_text, kind_of, read_body
from danlu.serve.problems import Problem
from danlu.text.normalize import clean
from danlu.text.question import LEAST_OPTIONS, ask

if TYPE_CHECKING:
    from starlette.requests import Request

    from danlu.serve.body import Limits

MOST_OPTIONS = 64
QUESTIONS = Wire(
    "question",
    "questions",
    'Send {"question": "...", "options": ["...", "..."]}, or a list of such objects as {"questions": [...]}.',
    1,
)
_FIELDS = ("question", "options")


async def read_questions(request: Request, limits: Limits) -> list[str]:
    """The questions a request asks, at least one, each with two different options or more.

    Raises:
        Problem: the body is too large (413), compressed (415), not JSON (400) or not of the right shape (422).
    """
    body = await read_body(request, limits, QUESTIONS)
    if not isinstance(body, dict):
        raise Problem(422, f"The body is {kind_of(body)}, not an object.", where="body", fix=QUESTIONS.shape)
    fields = cast("dict[str, object]", body)
    if QUESTIONS.many not in fields:
        return [_question(fields, "body", "", limits)]
    if len(fields) > 1:
        what = f"Beside 'questions' stands {quote(next(name for name in fields if name != QUESTIONS.many))}."
        raise Problem(422, what, where="body", fix=QUESTIONS.shape)
    asked = fields[QUESTIONS.many]
    if not isinstance(asked, list):
        raise Problem(422, f"The field is {kind_of(asked)}, not a list.", where="questions", fix=QUESTIONS.shape)
    items = cast("list[object]", asked)
    if not items:
        raise Problem(422, "The list is empty.", where="questions", fix="Send at least one question.")
    if len(items) > limits.max_texts:
        what = f"There are {len(items)} questions, more than {limits.max_texts}."
        raise Problem(422, what, where="questions", fix="Send the questions in several requests.")
    found: list[str] = []
    for number, item in enumerate(items):
        where = f"questions[{number}]"
        if not isinstance(item, dict):
            raise Problem(422, f"The question is {kind_of(item)}, not an object.", where=where, fix=QUESTIONS.shape)
        found.append(_question(cast("dict[str, object]", item), where, f"{where}.", limits))
    return found


def _question(fields: dict[str, object], where: str, prefix: str, limits: Limits) -> str:
    """One question, checked and joined with its options."""
    for name in fields:
        if name not in _FIELDS:
            raise Problem(422, f"The field {quote(name)} is unknown.", where=where, fix=QUESTIONS.shape)
    for name in _FIELDS:
        if name not in fields:
            raise Problem(422, f"The field '{name}' is not there.", where=where, fix=QUESTIONS.shape)
    question = checked_text(fields["question"], f"{prefix}question", limits, QUESTIONS)
    given = fields["options"]
    if not isinstance(given, list):
        what = f"The options are {kind_of(given)}, not a list of strings."
        raise Problem(422, what, where=f"{prefix}options", fix=QUESTIONS.shape)
    items = cast("list[object]", given)
    options = [checked_text(item, f"{prefix}options[{i}]", limits, QUESTIONS) for i, item in enumerate(items)]
    if not LEAST_OPTIONS <= len(options) <= MOST_OPTIONS:
        fix = f"Send {LEAST_OPTIONS} to {MOST_OPTIONS} options."
        raise Problem(422, f"There are {len(options)} options.", where=f"{prefix}options", fix=fix)
    cleaned = list(map(clean, options))
    for i, option in enumerate(cleaned):
        if option in cleaned[:i]:
            raise Problem(
                422, "The option stands there already.", where=f"{prefix}options[{i}]", fix="Send each option once."
            )
    return ask(question, options)


def question_schemas(text: dict[str, Any], limits: Limits) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The two shapes of a request's body as OpenAPI writes them, and an example.

    Args:
        text: the schema of one text.
        limits: how many questions a request may hold.
    """
    options = {
        "type": "array",
        "items": text,
        "minItems": LEAST_OPTIONS,
        "maxItems": MOST_OPTIONS,
        "uniqueItems": True,
        "description": f"{LEAST_OPTIONS} to {MOST_OPTIONS} options · {LEAST_OPTIONS} 到 {MOST_OPTIONS} 个选项",
    }
    one = {
        "type": "object",
        "required": list(_FIELDS),
        "properties": {"question": text, "options": options},
        "additionalProperties": False,
    }
    many = {
        "type": "array",
        "items": one,
        "minItems": 1,
        "maxItems": limits.max_texts,
        "description": f"1 to {limits.max_texts} questions · 1 到 {limits.max_texts} 题",
    }
    several = {"type": "object", "required": ["questions"], "properties": {"questions": many}}
    example = {"question": "a question · 一道题", "options": ["one option", "另一个选项"]}
    return [one, {**several, "additionalProperties": False}], example
