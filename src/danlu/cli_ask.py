"""The verb `ask`: labels for texts without a single example.

Knows options and how answers are printed; everything else is a call into the package.
"""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tqdm import tqdm
from typer.core import TyperCommand

from danlu.cli_base import extra
from danlu.cli_entities import entities_json, entities_line
from danlu.cli_model import Json, print_json, say
from danlu.errors import DataError, OptionError
from danlu.text.pair import join, shown, sides
from danlu.text.question import is_question

if TYPE_CHECKING:
    from danlu.factory.ask import Answer

SHOWN = 5  # labels of a text that are printed for people
_LISTS = {"--labels": "label", "--types": "type"}


class Greedy(TyperCommand):
    """A command whose options --labels and --types take every word up to the next option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's click or its own, by version
        """Repeats the option before each of its words.

        Raises:
            OptionError: no word stands after it.
        """
        spread: list[str] = []
        inside = ""
        for number, word in enumerate(args):
            if word == "--":
                spread += args[number:]
                break
            if word.startswith("-") and len(word) > 1:
                inside = word if word in _LISTS else ""
                if inside and (number + 1 == len(args) or args[number + 1].startswith("--")):
                    what = f"There is no {_LISTS[inside]} after {inside}."
                    raise OptionError(f"{what} Fix: write {_LISTS[inside]}s there: {inside} A B C.")
                spread += [] if inside else [word]
            else:
                spread += [inside, word] if inside else [word]
        return super().parse_args(ctx, spread)


def ask(
    texts: Annotated[list[str] | None, typer.Argument(help="Texts, before the options; or none, and --file.")] = None,
    labels: Annotated[list[str] | None, typer.Option("--labels", help="Two or more, in words: --labels A B C.")] = None,
    types: Annotated[
        list[str] | None, typer.Option("--types", help="What to look for in the texts: --types A B.")
    ] = None,
    question: Annotated[str, typer.Option("--question", help="What is asked of the text.")] = "",
    second: Annotated[str | None, typer.Option("--second", help="Another text: the two are a pair.")] = None,
    unordered: Annotated[
        bool, typer.Option("--unordered", help="With --second: which comes first means nothing.")
    ] = False,
    file: Annotated[Path | None, typer.Option("--file", help="A file of texts, any format that forge reads.")] = None,
    as_json: Json = False,
) -> None:
    """Choose among labels, or find things of some types, by their words alone. Nothing is learned, nothing is kept."""
    with extra("forge"):
        from danlu.factory.ask import NOTE, checked
        from danlu.factory.ask import ask as put
    if bool(texts) == bool(file):
        raise OptionError("Give texts or --file, one of the two. Fix: texts stand before --labels or --types.")
    if second is not None and (file or len(texts or []) != 1):
        raise OptionError("--second makes a pair with one text. Fix: give that text, or a --file with two columns.")
    if types:
        if labels or question or unordered or second is not None:
            others = "--labels, --question, --second and --unordered"
            raise OptionError(f"--types looks for things in single texts. Fix: leave {others} out.")
        _find(_rows(file, single=True) if file else list(texts or []), types, as_json=as_json)
        return
    if not labels:
        raise OptionError(
            "There is nothing to ask for. Fix: give --labels A B to choose from, or --types A B to look for."
        )
    if unordered and second is None:
        raise OptionError("--unordered is for pairs. Fix: give the other text as --second.")
    checked(labels)
    given = _rows(file) if file else list(texts or [])
    pair = (given[0], second) if second is not None else None
    if second is not None:
        given = [join(given[0], second, "unordered" if unordered else "ordered")]
    with tqdm(total=len(given), unit=" texts", disable=not sys.stderr.isatty(), file=sys.stderr) as bar:
        answers = put(given, labels, question, progress=bar.update)
    if as_json:
        print_json({"note": NOTE, "question": question, "answers": [_plain(answer, pair) for answer in answers]})
        return
    for answer in answers:
        best = list(answer.probabilities.items())
        rest = f"  and {len(best) - SHOWN} more" if len(best) > SHOWN else ""
        listed = "  ".join(f"{label} {probability:.1%}" for label, probability in best[:SHOWN])
        say(f"{shown(answer.text, 60)}\n  {listed}{rest}")
    say(f"{NOTE} From a few labelled rows, danlu forge learns the task itself.")


def _find(texts: list[str], types: list[str], *, as_json: bool) -> None:
    """What of some types is in texts, printed as `predict` prints what a forged model finds."""
    from danlu.factory.ask_types import NOTE, find

    with tqdm(total=len(texts), unit=" texts", disable=not sys.stderr.isatty(), file=sys.stderr) as bar:
        found = find(texts, types, progress=bar.update)
    if as_json:
        print_json({"note": NOTE, "types": types, "answers": [entities_json(each) for each in found]})
        return
    for each in found:
        say(entities_line(each))
    say(f"{NOTE} From a few marked rows, danlu forge learns the task itself.")


def _rows(file: Path, *, single: bool = False) -> list[str]:
    """The texts of a file, pairs among them unless each must be a single one."""
    from danlu.corpus.read import examples

    rows = list(examples(file, need_label=False))
    for row in rows:
        if is_question(row.text):
            what, fix = "it is a question with options of its own", "give the texts alone, and the options as --labels"
            raise DataError(what, fix, file=file.name, row=row.row)
        if single and len(sides(row.text)) > 1:
            raise DataError("it is a pair of texts", "give one column of texts", file=file.name, row=row.row)
    return [row.text for row in rows]


def _plain(answer: Answer, given: tuple[str, str] | None) -> dict[str, object]:
    """An answer, its texts in the order in which they were given."""
    first, *other = given or sides(answer.text)
    pair = {"text": first, "second": other[0]} if other else {"text": first}
    return {**pair, "label": answer.label, "probabilities": answer.probabilities}
