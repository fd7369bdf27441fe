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
from danlu.cli_model import Json, print_json, say
from danlu.errors import DataError, OptionError
from danlu.text.pair import join, shown, sides
from danlu.text.question import is_question

if TYPE_CHECKING:
    from danlu.factory.ask import Answer

SHOWN = 5  # labels of a text that are printed for people


class Greedy(TyperCommand):
    """A command whose option --labels takes every word up to the next option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's click or its own, by version
        """Repeats the option before each of its words.

        Raises:
            OptionError: no word stands after it.
        """
        spread: list[str] = []
        inside = False
        for number, word in enumerate(args):
            if word == "--":
                spread += args[number:]
                break
            if word.startswith("-") and len(word) > 1:
                inside = word == "--labels"
                if inside and (number + 1 == len(args) or args[number + 1].startswith("--")):
                    raise OptionError("There is no label after --labels. Fix: write labels there: --labels A B C.")
                spread += [] if inside else [word]
            else:
                spread += ["--labels", word] if inside else [word]
        return super().parse_args(ctx, spread)


def ask(
    texts: Annotated[list[str] | None, typer.Argument(help="Texts, before the options; or none, and --file.")] = None,
    labels: Annotated[list[str] | None, typer.Option("--labels", help="Two or more, in words: --labels A B C.")] = None,
    question: Annotated[str, typer.Option("--question", help="What is asked of the text.")] = "",
    second: Annotated[str | None, typer.Option("--second", help="Another text: the two are a pair.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A file of texts, any format that forge reads.")] = None,
    as_json: Json = False,
) -> None:
    """Choose among labels by their words alone. Nothing is learned from examples, and nothing is kept."""
    with extra("forge"):
        from danlu.factory.ask import NOTE, checked
        from danlu.factory.ask import ask as put
    if bool(texts) == bool(file):
        raise OptionError("Give texts or --file, one of the two. Fix: texts stand before --labels.")
    if second is not None and (file or len(texts or []) != 1):
        raise OptionError("--second makes a pair with one text. Fix: give that text, or a --file with two columns.")
    checked(labels or [])
    given = _rows(file) if file else list(texts or [])
    if second is not None:
        given = [join(given[0], second, "ordered")]
    with tqdm(total=len(given), unit=" texts", disable=not sys.stderr.isatty(), file=sys.stderr) as bar:
        answers = put(given, labels or [], question, progress=bar.update)
    if as_json:
        print_json({"note": NOTE, "question": question, "answers": [_plain(answer) for answer in answers]})
        return
    for answer in answers:
        best = list(answer.probabilities.items())
        rest = f"  and {len(best) - SHOWN} more" if len(best) > SHOWN else ""
        listed = "  ".join(f"{label} {probability:.1%}" for label, probability in best[:SHOWN])
        say(f"{shown(answer.text, 60)}\n  {listed}{rest}")
    say(f"{NOTE} From a few labelled rows, danlu forge learns the task itself.")


def _rows(file: Path) -> list[str]:
    from danlu.corpus.read import examples

    rows = list(examples(file, need_label=False))
    for row in rows:
        if is_question(row.text):
            what, fix = "it is a question with options of its own", "give the texts alone, and the options as --labels"
            raise DataError(what, fix, file=file.name, row=row.row)
    return [row.text for row in rows]


def _plain(answer: Answer) -> dict[str, object]:
    first, *other = sides(answer.text)
    pair = {"text": first, "second": other[0]} if other else {"text": first}
    return {**pair, "label": answer.label, "probabilities": answer.probabilities}
