"""English text marked without people: the encyclopedia says in its first sentence what each of its subjects is.

An article begins with its title, and with a sentence such as "X was a Danish chess player". So X is a person, and a
chess player; wherever another article writes X, it is marked too. Knows articles and words; does not know models.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Mark = tuple[int, int, tuple[str, ...]]  # first character, character after the last, what kinds of thing it is

# Nouns that say what something is, and what kinds of thing that makes it.
NOUNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        (
            "singer|rapper|musician|composer|songwriter|guitarist|drummer|pianist|bassist|violinist|vocalist|conductor|"
            "disc jockey|soprano|tenor|cellist"
        ),
        ("musician", "person"),
    ),
    (
        (
            "scientist|physicist|chemist|biologist|mathematician|astronomer|researcher|botanist|zoologist|engineer|"
            "economist|geologist|inventor|psychologist|philosopher|neuroscientist|statistician|entomologist"
        ),
        ("scientist", "person"),
    ),
    (
        "politician|senator|minister|governor|mayor|diplomat|president|monarch|king|queen|emperor",
        ("politician", "person"),
    ),
    ("writer|author|novelist|poet|journalist|playwright|essayist|screenwriter", ("writer", "person")),
    (
        (
            "footballer|player|cricketer|wrestler|boxer|swimmer|athlete|cyclist|racer|driver|golfer|skier|coach|goalkeeper|"
            "pitcher|sprinter|rower|fencer|gymnast|jockey|skater"
        ),
        ("athlete", "person"),
    ),
    (
        (
            "actor|actress|director|producer|model|comedian|presenter|filmmaker|dancer|painter|sculptor|architect|artist|"
            "photographer|designer|lawyer|judge|bishop|priest|saint|soldier|officer|general|admiral|businessman|"
            "entrepreneur|historian|scholar|professor|academic|physician|surgeon|activist|explorer|nobleman|man|woman"
        ),
        ("person",),
    ),
    ("university|college|school|institute|academy|faculty", ("university", "organization")),
    ("company|corporation|manufacturer|airline|bank|retailer|publisher|brand|firm|label", ("company", "organization")),
    ("band|duo|orchestra|quartet|trio|ensemble|choir|supergroup", ("band", "organization")),
    ("team|club|franchise", ("sports team", "organization")),
    ("party", ("political party", "organization")),
    (
        (
            "organization|organisation|association|agency|department|ministry|foundation|society|union|institution|council|"
            "church|army|regiment|brigade|league|federation|charity|museum|library|hospital|committee|commission"
        ),
        ("organization",),
    ),
    ("newspaper|magazine", ("newspaper", "work")),
    ("journal", ("academic journal", "work")),
    ("album|EP|mixtape|compilation", ("album", "work")),
    ("song|single|hymn|anthem", ("song", "work")),
    ("film|movie|documentary", ("movie", "work")),
    ("novel|book|poem|play|novella|manga|anthology|trilogy", ("book", "work")),
    ("series|sitcom|soap opera|programme|program|show|telenovela|drama", ("show", "work")),
    ("game|videogame", ("game", "work")),
    ("country|republic|kingdom|state", ("country", "place")),
    (
        (
            "village|town|city|municipality|district|county|commune|province|region|suburb|neighbourhood|neighborhood|"
            "hamlet|township|parish|borough|settlement|island|river|mountain|lake|valley|park|street|road|highway|bay|peak|"
            "creek|hill|area|capital|community|raion|locality|oblast|railway station|airport|bridge|building|castle|"
            "house|stadium|station|cemetery|forest|beach|volcano|glacier|pass|subdistrict"
        ),
        ("place",),
    ),
    ("award|prize|medal|honour|honor", ("award",)),
    ("conference|symposium|workshop", ("conference", "event")),
    (
        (
            "war|battle|election|tournament|championship|season|festival|ceremony|race|competition|event|referendum|"
            "match|final|siege|protest|earthquake|hurricane|revolution|cup|edition|games|expedition|massacre"
        ),
        ("event",),
    ),
    ("protein|receptor|antibody|hormone", ("protein", "chemical")),
    ("enzyme", ("enzyme", "protein", "chemical")),
    ("element", ("chemical element", "chemical")),
    ("compound|drug|medication|mineral|acid|alloy|gas|steroid|antibiotic", ("chemical compound", "chemical")),
    ("star|galaxy|planet|asteroid|comet|constellation|moon|nebula|cluster|exoplanet", ("astronomical object",)),
    ("genus|species|family|bird|fish|plant|moth|beetle|snail|frog|butterfly|tree|mammal|dinosaur|spider", ("species",)),
    ("disease|disorder|syndrome|cancer|infection|condition", ("disease",)),
    ("language|dialect", ("language",)),
    ("genre|style", ("genre",)),
    ("instrument|guitar|drum|flute", ("instrument",)),
    ("algorithm|method|technique|procedure", ("algorithm",)),
    ("theory|theorem|principle|law|hypothesis|equation|concept|model", ("theory",)),
    ("discipline|science|study|field|branch", ("field",)),
    ("programming language", ("programming language",)),
    (
        (
            "software|application|aircraft|ship|car|submarine|destroyer|locomotive|rifle|computer|smartphone|website|"
            "vehicle|missile|engine|operating system|framework|tool|library|service|device|motorcycle|frigate"
        ),
        ("product",),
    ),
)
_OF = {noun.lower(): kinds for nouns, kinds in NOUNS for noun in nouns.split("|")}
_IS = re.compile(r"\b(?:is|was|are|were) (?:a|an|the|one of the)\b ([^.;:\n]{3,120})")
_STOP = re.compile(
    r"\b(?:of|in|from|who|which|that|by|for|at|on|and then|with|located|based|released|published|written|directed|to|"
    r"played|held|as|currently|where|situated|known|best|born|recorded|produced|created|developed|founded|established)\b|,"
)
_WORD = re.compile(r"[^\W\d_][\w'’.-]*")
_PATTERNS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (
        re.compile(
            r"\b(?:\d{1,2} )?(?:January|February|March|April|May|June|July|August|September|October|November|December)"
            r"(?: \d{1,2})?(?:,? \d{4})?\b|(?:(?<=\bin )|(?<=since )|(?<=until )|(?<=by ))(?:1[5-9]|20)\d\d\b"
        ),
        ("date",),
    ),
    (re.compile(r"[$£€][\d,.]+(?: (?:million|billion|thousand))?|\b[\d,.]+ (?:dollars|euros|pounds)\b"), ("money",)),
    (re.compile(r"\b[\d.]+ ?(?:%|percent|per cent)"), ("percentage",)),
)
_LEAST, _USUAL = 4, 3  # letters of a name of one word; how often it may stand in small letters
_PAREN = re.compile(r"\s*\([^()]*\)")


def kinds_of(sentence: str) -> tuple[str, ...]:
    """What the first sentence of an article says its subject is: the noun itself, and what that makes it."""
    match = _IS.search(_PAREN.sub("", sentence))
    if not match:
        return ()
    phrase = _STOP.split(match[1])[0].strip().lower()
    words = re.findall(r"[a-z]+", phrase)
    for start in range(max(0, len(words) - 2), len(words)):
        noun = " ".join(words[start:])
        if noun in _OF:
            own = () if noun in _OF[noun] or noun in {"man", "woman"} else (noun,)
            return (*own, *_OF[noun])
    return ()


def subject_of(article: str) -> tuple[str, tuple[str, ...]]:
    """The title of an article without what tells it from its namesakes, and what it is."""
    title, _, rest = article.partition("\n")
    name = _PAREN.sub("", title).strip()
    first = re.split(r"(?<=[a-z)]\.)\s|\n", rest, maxsplit=1)[0]
    return name, kinds_of(first)


def in_title_case(article: str) -> str:
    """The text of an article, its subject, which is written in capitals, written as its title is."""
    title, _, rest = article.partition("\n")
    cased = {word.upper(): word for word in title.split()}

    def small(match: re.Match[str]) -> str:
        return cased.get(match[0], match[0].capitalize())

    return re.sub(r"\b[^\W\d_a-z]{3,}\b", small, rest[:300]) + rest[300:]


class Subjects:
    """What is known by name, from many articles.

    Args:
        articles: the whole encyclopedia at hand.
    """

    def __init__(self, articles: Iterable[str]) -> None:
        self.kinds: dict[str, tuple[str, ...]] = {}
        small: Counter[str] = Counter()
        for article in articles:
            name, kinds = subject_of(article)
            if kinds and len(name) >= _LEAST and name[0].isupper():
                self.kinds[name] = kinds
            small.update(word for word in _WORD.findall(article[:2000]) if word.islower())
        self.kinds = {name: kinds for name, kinds in self.kinds.items() if " " in name or small[name.lower()] <= _USUAL}
        self._longest = max((len(name.split()) for name in self.kinds), default=1)

    def add(self, names: Iterable[str], kinds: tuple[str, ...]) -> None:
        """Names that are known from elsewhere."""
        self.kinds |= dict.fromkeys(names, kinds)

    def marks_of(self, sentence: str, own: tuple[str, tuple[str, ...]]) -> list[Mark]:
        """What is found in a sentence of an article with a subject of its own; no two share a character."""
        name, kinds = own
        mine = {name: kinds} if kinds else {}
        if "person" in kinds and " " in name:
            mine[name.split()[-1]] = kinds
        found = [
            (match.start(), match.end(), kinds) for pattern, kinds in _PATTERNS for match in pattern.finditer(sentence)
        ]
        words = [(match.start(), match.end()) for match in _WORD.finditer(sentence)]
        number = 0
        while number < len(words):
            for stop in range(min(len(words), number + self._longest), number, -1):
                start, end = words[number][0], words[stop - 1][1]
                written = re.sub(r"['’]s$|[.'’-]+$", "", sentence[start:end])
                known = mine.get(written) or self.kinds.get(written)
                mark = (start, start + len(written), known or ())
                if known and not any(mark[0] < b and a < mark[1] for a, b, _ in found):
                    found.append(mark)
                    number = stop - 1
                    break
            number += 1
        return sorted(found)


def unknown(sentence: str, marks: list[Mark]) -> list[tuple[int, int]]:
    """Words with a capital letter that are not marked: they may name something, nobody knows what."""
    found: list[tuple[int, int]] = []
    for match in _WORD.finditer(sentence):
        capital = match[0][0].isupper() and (match.start() > 0 or len(sentence) < 2)
        if capital and not any(match.start() < end and start < match.end() for start, end, _ in marks):
            found.append((match.start(), match.end()))
    return found


def sentences(article: str) -> Iterator[str]:
    """Of an article's text, without its title."""
    for line in in_title_case(article).split("\n"):
        for sentence in re.split(r"(?<=[a-z0-9)\"]\.)\s+(?=[A-Z])", line):
            text = " ".join(sentence.split())
            if 30 <= len(text) <= 400 and "}}" not in text and "| " not in text:
                yield text
