"""The vocabulary of the house: what a row, a task and a prediction are.

Knows nothing of files, models or torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    # What people say of rows: (n,) label indices; (n, K), 1 where a label holds; (n, 1) scores, from 0 to 1.
    Truth = NDArray[Any]

Language = Literal["zh", "en", "mixed"]
Pairing = Literal["ordered", "unordered"]  # of two texts: whether it matters which of them is the first
Kind = Literal["classification", "several", "score", "pairs", "choice", "entities"]  # what a user says that rows are
Range = tuple[float, float]  # of scores: the least and the greatest
Beside = Literal["mention", "keywords"]  # what stands beside the text of a pair, where that is no other text
Answers = Literal["from 0", "from 1", "letters", "texts"]  # how the answer to a question names one of its options
Nesting = Literal["flat", "nested"]  # of entities: whether one may lie inside another


@dataclass(frozen=True, slots=True)
class Span:
    """An entity: a stretch of a text, and what it is.

    Attributes:
        start: its first character, counted from 0 in the text as it was given.
        end: the character after its last.
        type: what kind of thing it names.
        probability: how sure the model is; 1 where a person marked it.
    """

    start: int
    end: int
    type: str
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Relation:
    """What holds between two entities of a text.

    Attributes:
        head: the entity it leads from.
        tail: the entity it leads to; its direction is as it was marked.
        type: what holds.
        probability: how sure the model is, the two entities taken as found; 1 where a person marked it.
    """

    head: Span
    tail: Span
    type: str
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a model finds in one text.

    Attributes:
        text: the text, as it was given.
        spans: its entities, by where they start; offsets are characters of `text`.
        relations: what holds between them, by where their heads and then their tails start; None where the model knows
            no relations.
    """

    text: str
    spans: tuple[Span, ...]
    relations: tuple[Relation, ...] | None = None

    def surface(self, span: Span) -> str:
        """The words of an entity."""
        return self.text[span.start : span.end]


@dataclass(frozen=True, slots=True)
class Example:
    """One row of a user's data.

    Attributes:
        text: the text, as it stands in the file; a pair of texts as `danlu.text.pair` joins them, a question with its
            options as `danlu.text.question` does.
        label: its label, or None in unlabelled data; of a question, its right option; where a text may have several
            labels, all of them as `danlu.text.several` joins them; a score as `danlu.text.score` writes it.
        source: the name of the file it came from.
        row: its number in that file, from 1, not counting a header.
        spans: the entities that a person marked in it, maybe none; None where nobody looked for any.
        relations: what holds between them, maybe nothing; None where nobody looked for it.
    """

    text: str
    label: str | None = None
    source: str = ""
    row: int = 0
    spans: tuple[Span, ...] | None = None
    relations: tuple[Relation, ...] | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be learned.

    Attributes:
        labels: the labels, or the types of entities, sorted; the column order of every probability matrix.
        language: the language most texts are in; the report is written in it.
        pairing: how two texts make a row, or None where a row is one text.
        options: whether each row is a question with options of its own; the pairs are those of `danlu.text.question`
            then, and the labels say whether an option is right.
        nesting: how entities lie in a text, or None where a row has one label.
        relations: the types of relations between entities, sorted; none where only entities are looked for.
        several: whether a text may have several of the labels, or none.
        names_only: whether no row is labelled, so that labels are known by what they say.
        beside: what stands beside the text of a pair, where that is no other text.
        range: what scores lie in, where rows are scored; the one label is then what a score is called. Else None.
    """

    labels: tuple[str, ...]
    language: Language
    pairing: Pairing | None = None
    options: bool = False
    nesting: Nesting | None = None
    several: bool = False
    names_only: bool = False
    relations: tuple[str, ...] = ()
    range: Range | None = None
    beside: Beside | None = None

    @property
    def kind(self) -> str:
        """What it is called: choice, several, extraction, score, pairs or classification."""
        if self.options:
            return "choice"
        if self.nesting:
            return "extraction"
        if self.range:
            return "score"
        return "several" if self.several else "pairs" if self.pairing else "classification"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one text.

    Attributes:
        label: the most probable label, of several labels whether it holds or not; of a question with options, the most
            probable option.
        probability: its calibrated probability.
        abstained: whether that probability lies below the model's threshold, so that a person should look; of a model
            of several labels, whether that of the least certain decision does.
        top: up to three (label, probability), most probable first.
        labels: of a model of several labels, those that hold with their probabilities, most probable first; else None.
        score: of a model of scores, the score; the label is the same in as many digits as it deserves. Else None.
        margin: of a model of scores, how far from it the true score may lie: the probability is that of lying no
            farther. Else None.
    """

    label: str
    probability: float
    abstained: bool
    top: tuple[tuple[str, float], ...]
    labels: tuple[tuple[str, float], ...] | None = None
    score: float | None = None
    margin: float | None = None

    @property
    def holds(self) -> tuple[str, float] | None:
        """The label with its probability; of several labels the most probable that holds, or None where none does."""
        if self.labels is None:
            return self.label, self.probability
        return self.labels[0] if self.labels else None
