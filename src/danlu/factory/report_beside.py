"""The words of a report where a text has its keywords beside it, or a pronoun in it and what that may stand for.

They stand in place of those about two texts that are compared. Knows no figures; keys are those of report_text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from danlu.types import Beside

_ENGLISH: dict[Beside, dict[str, str]] = {
    "keywords": {
        "pairs_zh": "Reads a Chinese text and its keywords, and gives one of {k} labels.",
        "pairs_en": "Reads an English text and its keywords, and gives one of {k} labels.",
        "pairs_mixed": "Reads a text and its keywords, and gives one of {k} labels.",
        "example_text": "a text",
        "example_second": "one keyword, another keyword",
    },
    "mention": {
        "pairs_zh": "Reads a Chinese text, a pronoun in it and what that may stand for, and gives one of {k} labels.",
        "pairs_en": "Reads an English text, a pronoun in it and what that may stand for, and gives one of {k} labels.",
        "pairs_mixed": "Reads a text, a pronoun in it and what that may stand for, and gives one of {k} labels.",
        "example_text": "Ann thanked Eve because she had helped.",
        "example_second": "she",
        "example_third": "Eve",
    },
}
_CHINESE: dict[Beside, dict[str, str]] = {
    "keywords": {
        "pairs_zh": "读一段中文文本和它的关键词，给出 {k} 个标签之一。",
        "pairs_en": "读一段英文文本和它的关键词，给出 {k} 个标签之一。",
        "pairs_mixed": "读一段文本和它的关键词，给出 {k} 个标签之一。",
        "example_text": "一段文本",
        "example_second": "一个关键词, 另一个关键词",
    },
    "mention": {
        "pairs_zh": "读一段中文文本、其中一个代词和它可能指的词，给出 {k} 个标签之一。",
        "pairs_en": "读一段英文文本、其中一个代词和它可能指的词，给出 {k} 个标签之一。",
        "pairs_mixed": "读一段文本、其中一个代词和它可能指的词，给出 {k} 个标签之一。",
        "example_text": "小王把书给了小李，因为他已经看完了。",
        "example_second": "他",
        "example_third": "小王",
    },
}


def beside_words(language: str, beside: Beside | None, *, scored: bool) -> dict[str, str]:
    """The words of a language: Chinese for zh, English for any other; none of pairs of texts.

    Args:
        language: of the report.
        beside: what stands beside the text, if that is no text.
        scored: whether rows are scored, of which a report says in its own words what it reads.
    """
    if beside is None:
        return {}
    words = (_CHINESE if language == "zh" else _ENGLISH)[beside]
    return {key: text for key, text in words.items() if not (scored and key.startswith("pairs"))}
