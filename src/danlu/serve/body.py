"""From the bytes of a request to the texts in it, refusing whatever is not exactly that.

Knows the limits and the wire format of `POST /predict`; does not know what is done with the texts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Never, cast

from danlu.errors import DataError, OptionError, quote
from danlu.serve.problems import Problem
from danlu.text.mention import pair_of
from danlu.text.normalize import clean
from danlu.text.pair import join

if TYPE_CHECKING:
    from starlette.requests import Request

_HEAR_OUT = 16  # how many times the limit is read, and dropped, before the connection is cut


@dataclass(frozen=True, slots=True)
class Limits:
    """The most one request may hold.

    Attributes:
        max_texts: texts in a request.
        max_chars: characters (code points) in a text.
        max_body: bytes in a body.
    """

    max_texts: int = 256
    max_chars: int = 20_000
    max_body: int = 4 * 1024 * 1024

    def __post_init__(self) -> None:
        for name in ("max_texts", "max_chars", "max_body"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is {getattr(self, name)}. Fix: give at least 1.")


@dataclass(frozen=True, slots=True)
class Wire:
    """What the body of a request looks like.

    Attributes:
        one: the field of a single text, or pair.
        many: the field of a list of them.
        shape: what to send, in a sentence.
        sides: how many texts each is made of.
    """

    one: str
    many: str
    shape: str
    sides: int


TEXTS = Wire("text", "texts", 'Send {"text": "..."} or {"texts": ["...", "..."]}.', 1)
PAIRS = Wire("pair", "pairs", 'Send {"pair": ["...", "..."]} or {"pairs": [["...", "..."]]}.', 2)
MENTIONS = Wire(
    "mention",
    "mentions",
    'Send {"mention": ["a text", "a pronoun in it", "what it may stand for"]} or {"mentions": [[...], [...]]}.',
    3,
)


async def read_texts(request: Request, limits: Limits, wire: Wire = TEXTS) -> list[str]:
    """The texts, or pairs, a request asks about, at least one, none empty.

    Raises:
        Problem: the body is too large (413), compressed (415), not JSON (400) or not of the right shape (422).
    """
    return _texts(await read_body(request, limits, wire), limits, wire)


async def read_body(request: Request, limits: Limits, wire: Wire) -> object:
    """The body of a request as JSON, its shape not looked at; numbers are 0.

    Raises:
        Problem: it is too large (413), compressed (415) or not JSON (400).
    """
    return _parse(await _read(request, limits.max_body), wire)


async def _read(request: Request, max_body: int) -> bytes:
    """The body, kept no further than the limit: by what it declares first, then by what comes.

    A body that is too large is still heard out for a while: most clients listen only once they have sent everything,
    and would see a broken connection instead of the answer.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        where = "header Content-Encoding"
        raise Problem(415, "The body is compressed.", where=where, fix="Send the body uncompressed.")
    declared = request.headers.get("content-length", "0").strip()
    if not (declared.isascii() and declared.isdigit()):
        where = "header Content-Length"
        raise Problem(400, "The length is not a number.", where=where, fix="Let your HTTP library set it.")
    excessive = len(declared) > 18 or int(declared) > max_body
    asks_first = request.headers.get("expect", "").strip().lower() == "100-continue"
    body, size = bytearray(), 0
    if not (excessive and asks_first):
        async for chunk in request.stream():
            size += len(chunk)
            if size > _HEAR_OUT * max_body:
                break
            if size <= max_body and not excessive:
                body += chunk
    if excessive or size > max_body:
        what, fix = f"The body is larger than {max_body} bytes.", "Send fewer texts in a request."
        raise Problem(413, what, where="body", fix=fix, headers={"Connection": "close"})
    return bytes(body)


def _parse(body: bytes, wire: Wire) -> object:
    """The body as JSON. Numbers have no place in a request: none is converted, however long."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem(
            400, "The body is not UTF-8.", where=f"body, byte {error.start}", fix="Encode the body as UTF-8."
        ) from None
    if not text.strip():
        raise Problem(400, "The body is empty.", where="body", fix=wire.shape)
    try:
        return json.loads(
            text,
            parse_int=_number,
            parse_float=_number,
            parse_constant=partial(_constant, wire),
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        where = f"body, line {error.lineno}, column {error.colno}"
        raise Problem(400, f"The body is not JSON: {error.msg}.", where=where, fix=wire.shape) from None
    except RecursionError:
        raise Problem(400, "The body is nested too deeply.", where="body", fix=wire.shape) from None


def _number(_: str) -> float:
    return 0.0


def _constant(wire: Wire, name: str) -> Never:
    raise Problem(400, f"The body is not JSON: {name} is no JSON value.", where="body", fix=wire.shape)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise Problem(422, f"The field {quote(name)} stands twice.", where="body", fix="Name each field once.")
        fields[name] = value
    return fields


def _texts(body: object, limits: Limits, wire: Wire) -> list[str]:
    """What of a parsed body is asked about."""
    one, many = wire.one, wire.many
    if not isinstance(body, dict):
        raise Problem(422, f"The body is {kind_of(body)}, not an object.", where="body", fix=wire.shape)
    fields = cast("dict[str, object]", body)
    for name in fields:
        if name not in (one, many):
            raise Problem(422, f"The field {quote(name)} is unknown.", where="body", fix=wire.shape)
    if len(fields) != 1:
        what = f"Both '{one}' and '{many}' are there." if fields else f"Neither '{one}' nor '{many}' is there."
        raise Problem(422, what, where="body", fix=wire.shape)
    read = _pair if wire.sides > 1 else checked_text
    if one in fields:
        return [read(fields[one], one, limits, wire)]
    texts = fields[many]
    if not isinstance(texts, list):
        of = wire.many if wire.sides > 1 else "strings"
        raise Problem(422, f"The field is {kind_of(texts)}, not a list of {of}.", where=many, fix=wire.shape)
    items = cast("list[object]", texts)
    if not items:
        raise Problem(422, "The list is empty.", where=many, fix=f"Send at least one {one}.")
    if len(items) > limits.max_texts:
        what = f"There are {len(items)} {many}, more than {limits.max_texts}."
        raise Problem(422, what, where=many, fix=f"Send the {many} in several requests.")
    return [read(item, f"{many}[{index}]", limits, wire) for index, item in enumerate(items)]


def _pair(value: object, where: str, limits: Limits, wire: Wire) -> str:
    """One pair, or one mention made a pair, checked and joined."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    if len(items) != wire.sides:
        found = f"a list of {len(items)}" if isinstance(value, list) else kind_of(value)
        several = "two" if wire is PAIRS else "three"
        raise Problem(422, f"The {wire.one} is {found}, not {several} texts.", where=where, fix=wire.shape)
    texts = [checked_text(item, f"{where}[{side}]", limits, wire) for side, item in enumerate(items)]
    if wire is PAIRS:
        return join(texts[0], texts[1], "ordered")
    try:
        return join(*pair_of(texts[0], texts[1], texts[2]), "ordered")
    except DataError as error:
        what, fix = f"{error.what[0].upper()}{error.what[1:]}.", f"{error.fix[0].upper()}{error.fix[1:]}."
        raise Problem(422, what, where=where, fix=fix) from None


def checked_text(value: object, where: str, limits: Limits, wire: Wire) -> str:
    """One text, checked."""
    if not isinstance(value, str):
        raise Problem(422, f"The text is {kind_of(value)}, not a string.", where=where, fix=wire.shape)
    if not value.strip():
        raise Problem(422, "The text is empty.", where=where, fix="Send at least one character that is not a space.")
    if len(value) > limits.max_chars:
        what = f"The text has {len(value)} characters, more than {limits.max_chars}."
        raise Problem(422, what, where=where, fix="Shorten the text or split it.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Problem(
            422,
            "The text has half of a surrogate pair, which is no character.",
            where=f"{where}, character {error.start}",
            fix="Escape characters beyond U+FFFF as pairs, or send them as plain UTF-8.",
        ) from None
    if not clean(value):
        raise Problem(422, "The text has no visible character.", where=where, fix="Send one with letters or digits.")
    return value


def kind_of(value: object) -> str:
    """What JSON calls a value."""
    names: dict[type, str] = {
        dict: "an object",
        list: "a list",
        str: "a string",
        float: "a number",
        bool: "true or false",
    }
    return names.get(type(value), "null")
