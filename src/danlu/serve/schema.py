"""What goes over the wire, described for /openapi.json and /docs.

Knows shapes and words only; `body.py` is what actually checks a request. Descriptions are short, English then Chinese.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from danlu.serve.asked import QUESTIONS, question_schemas
from danlu.serve.body import PAIRS
from danlu.text.beside import SAID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.serve.body import Limits, Wire
    from danlu.types import Extraction, Prediction


class Scored(BaseModel):
    """A label and its probability."""

    label: str
    probability: float


class Answer(BaseModel):
    """What the model says of one text."""

    labels: list[Scored] | None = Field(
        default=None, description="the labels that hold, where a text may have several · 成立的标签（多标签模型）"
    )
    score: float | None = Field(default=None, description="the score, where texts are scored · 分数（打分模型）")
    margin: float | None = Field(
        default=None, description="how far off the true score may lie, with the probability · 真实分数可能差多少"
    )
    label: str | None = Field(
        description="the most probable label, null if none of several holds; or the score"
        " · 最可能的标签，或分数；都不成立时为 null"
    )
    probability: float | None = Field(description="its own, calibrated, 0 to 1 · 它校准后的概率")
    abstained: bool = Field(description="too unsure: a person should look · 不确定，请人工查看")
    top: list[Scored] = Field(description="up to three, most probable first · 至多三个，从高到低")

    @classmethod
    def of(cls, prediction: Prediction) -> Answer:
        """A prediction as it goes over the wire; what the model does not give is left unset, and not sent."""
        holds = prediction.holds
        answer = cls(
            label=holds and holds[0],
            probability=holds and holds[1],
            abstained=prediction.abstained,
            top=_scored(prediction.top),
        )
        if prediction.labels is not None:
            answer.labels = _scored(prediction.labels)
        if prediction.score is not None:
            answer.score, answer.margin = prediction.score, prediction.margin
        return answer


def _scored(pairs: Sequence[tuple[str, float]]) -> list[Scored]:
    return [Scored(label=label, probability=probability) for label, probability in pairs]


class Answers(BaseModel):
    """One answer a text, in the order of the texts."""

    predictions: list[Answer] = Field(description="one a text, in order · 与文本一一对应")


class Entity(BaseModel):
    """An entity of a text."""

    start: int = Field(description="first character, from 0 · 首字符位置，从 0 起")
    end: int = Field(description="the character after the last · 末字符之后的位置")
    type: str = Field(description="what kind of thing · 类型")
    text: str = Field(description="its words · 实体文字")
    probability: float = Field(description="calibrated, 0 to 1 · 校准后的概率")


class Link(BaseModel):
    """What holds between two entities of a text."""

    head: Entity = Field(description="the entity it leads from · 头实体")
    tail: Entity = Field(description="the entity it leads to · 尾实体")
    type: str = Field(description="what holds · 关系")
    probability: float = Field(description="calibrated, 0 to 1 · 校准后的概率")


class Found(BaseModel):
    """What the model finds in one text; offsets count characters (code points), as the text was sent."""

    entities: list[Entity] = Field(description="by where they start · 按出现位置排列")
    relations: list[Link] | None = Field(
        default=None, description="between entities, of a model that knows relations · 实体之间的关系（关系模型）"
    )

    @classmethod
    def of(cls, extraction: Extraction) -> Found:
        """An extraction as it goes over the wire; relations that the model does not know are left unset."""
        own = {span: Entity(**asdict(span), text=extraction.surface(span)) for span in extraction.spans}
        found = cls(entities=list(own.values()))
        if extraction.relations is not None:
            found.relations = [
                Link(head=own[r.head], tail=own[r.tail], type=r.type, probability=r.probability)
                for r in extraction.relations
            ]
        return found


class Findings(BaseModel):
    """One answer a text, in the order of the texts."""

    predictions: list[Found] = Field(description="one a text, in order · 与文本一一对应")


class Health(BaseModel):
    """That the server is up, and with which model."""

    status: str = Field(description="always 'ok' · 恒为 'ok'")
    model: str = Field(description="the model's name · 模型名")
    labels: int = Field(description="how many labels it knows · 标签个数")
    range: list[float] | None = Field(default=None, description="of the scores · 分数范围（打分模型）")


class Labels(BaseModel):
    """The labels."""

    labels: list[str] = Field(description="every label it knows · 全部标签")
    relations: list[str] | None = Field(
        default=None, description="every relation it knows, where it knows any · 全部关系（关系模型）"
    )


class ErrorText(BaseModel):
    """An error in words."""

    what: str = Field(description="what is wrong · 哪里不对")
    where: str = Field(description="in which part of the request · 在请求的哪一处")
    fix: str = Field(description="what to do about it · 如何改正")


class Error(BaseModel):
    """The shape of every error."""

    error: ErrorText


def request_body(limits: Limits, wire: Wire) -> dict[str, Any]:
    """The body of POST /predict, as OpenAPI writes it."""
    text = {
        "type": "string",
        "minLength": 1,
        "maxLength": limits.max_chars,
        "description": f"1 to {limits.max_chars} characters · 1 到 {limits.max_chars} 个字符",
    }
    example: dict[str, Any] = {"texts": ["a first text", "第二条文本"]}
    one = text
    if wire.sides > 1:
        told = "two texts · 两段文本" if wire is PAIRS else f"{SAID['mention']} · 文本、其中的代词、代词可能指的词"
        one = {"type": "array", "items": text, "minItems": wire.sides, "maxItems": wire.sides, "description": told}
        given = ["a first text", "第二条文本"] if wire is PAIRS else ["小王把书给了小李，因为他看完了。", "他", "小王"]
        example = {wire.many: [given]}
    counted = {1: "条", 2: "对"}.get(wire.sides, "组")
    many = {
        "type": "array",
        "items": {**one, "description": ""},
        "minItems": 1,
        "maxItems": limits.max_texts,
        "description": f"1 to {limits.max_texts} {wire.many} · 1 到 {limits.max_texts} {counted}",
    }
    shapes: list[dict[str, Any]] = [
        {"type": "object", "required": [name], "properties": {name: schema}, "additionalProperties": False}
        for name, schema in ((wire.one, one), (wire.many, many))
    ]
    if wire is QUESTIONS:
        shapes, example = question_schemas(text, limits)
    return {"required": True, "content": {"application/json": {"schema": {"oneOf": shapes}, "example": example}}}


def errors(limits: Limits) -> dict[int | str, dict[str, Any]]:
    """The errors of POST /predict, as FastAPI takes them."""
    meanings = {
        400: "not JSON, or not UTF-8 · 不是 JSON，或不是 UTF-8",
        413: f"more than {limits.max_body} bytes · 超过 {limits.max_body} 字节",
        415: "a compressed body · 请求体被压缩",
        422: "the wrong fields, or a text that is empty or too long · 字段不对，或文本为空、过长",
        500: "the model failed on a text · 模型在某条文本上出错",
        503: "too many texts wait; Retry-After says when to come again · 排队已满，请按 Retry-After 稍后再试",
    }
    return {status: {"model": Error, "description": meaning} for status, meaning in meanings.items()}
