"""The verbs about one model file: predict, eval, card, serve.

Knows options and how answers are printed; everything else is a call into the package. Nothing here needs torch.
"""

from __future__ import annotations

import json
import logging
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from danlu.cli_base import extra
from danlu.cli_entities import entities_json, entities_line, measure_entities, unknown_names
from danlu.cli_pairs import fitting_pair, pair_of_line, pairs_of, refuse_empty
from danlu.cli_questions import (
    fitting_question,
    guessed_answers,
    measure_questions,
    question_line,
    question_of,
    question_of_line,
)
from danlu.cli_scores import measure_scores, score_json, score_lines, with_margin
from danlu.cli_several import labels_json, labels_line, measure_several, several_lines, table_lines
from danlu.errors import DataError, OptionError, listing, quote
from danlu.text.normalize import clean
from danlu.text.question import is_question, is_whole, parts
from danlu.types import Extraction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from danlu.artifact import Extractor, Model
    from danlu.corpus.columns import Columns
    from danlu.types import Example, Prediction

ModelFile = Annotated[Path, typer.Argument(help="A .danlu file.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for a program to read.")]
Text = Annotated[str | None, typer.Option("--text", help="The column of the texts.")]
Second = Annotated[str | None, typer.Option("--second", help="The column of the second texts, where rows are pairs.")]
Label = Annotated[str | None, typer.Option("--label", help="The column of the labels.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
BLOCK = 512  # texts predicted at a time


def predict(
    model: ModelFile,
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            help="Texts, two for each pair (or a text, a pronoun in it and what that may stand for), or a question and "
            "its options; or none, or -, and --file or standard input, where tabs stand between the parts."
        ),
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A file of texts, any format that forge reads.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write JSONL here, whole or not at all.")] = None,
    text: Text = None,
    second: Second = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Predict texts given as arguments, in a file (streamed, any size), or a line each on standard input."""
    from danlu.artifact import load

    opened = load(model)
    if texts and file:
        raise OptionError("Texts and --file are both given. Fix: give one of them.")
    texts = None if texts == ["-"] else texts  # the usual word for standard input
    if (text or second) and not file:
        option = "--text" if text else "--second"
        raise OptionError(f"{option} names a column, and there is no --file. Fix: leave it out, or give the file.")
    if force and not out:
        raise OptionError("--force replaces what --out names, and there is no --out. Fix: leave it out, or give --out.")
    if out:
        _check_out(out, force=force)
    named = _arguments(texts or [], opened)
    source = _rows_of(file, text, second, opened) if file else _lines_of_standard_input(opened)
    rows = _predictions(opened, iter(named) if named else source, total=len(named) or None)
    if out is None:
        for given, prediction in rows:
            say(_as_json(given, prediction) if as_json else _as_line(given, prediction, opened))
        return
    partial = out.with_name(f".{out.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as stream:
            for given, prediction in rows:
                stream.write(_as_json(given, prediction) + "\n")
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def evaluate(
    model: ModelFile,
    test: Annotated[Path, typer.Argument(help="A file of labelled texts, or of texts with entities.")],
    text: Text = None,
    second: Second = None,
    label: Label = None,
    as_json: Json = False,
) -> None:
    """Measure a model on labelled texts it has never seen."""
    from danlu.artifact import Extractor, load
    from danlu.corpus.examples import open_examples
    from danlu.corpus.read import marked_examples

    opened = load(model)
    if isinstance(opened, Extractor):
        if second:
            raise OptionError("--second names a column of pairs, and this model finds entities. Fix: leave it out.")
        rows, empty = _with_text(marked_examples(test, text=text, label=label), test.name)
        result, lines = measure_entities(opened, rows, test.name)
        for told in unknown_names(result, test.name):
            warn(told)
        _show({**result, "empty": empty}, lines, as_json=as_json)
        return
    task, known = ("several", opened.labels) if opened.several else ("classification", ())
    task = None if opened.options else "score" if opened.range else task
    columns, found = open_examples(
        test,
        text=text,
        second=second,
        label=label,
        need_label=True,
        task=task,
        labels=known,
        answers=opened.settings.answers,
        measured=True,
    )
    rows, empty = _with_text(list(_fitting(found, opened)), test.name)
    result, lines = _measured(opened, rows, columns, test.name)
    if columns.unsure:
        warn(guessed_answers(columns, test.name))
    _show({**result, "empty": empty}, lines, as_json=as_json)


def _with_text(rows: list[Example], file: str) -> tuple[list[Example], int]:
    """The rows in which every text has a visible character, as `forge` takes them, and how many others there are.

    Raises:
        DataError: there are only others.
    """
    kept = [row for row in rows if is_whole(row.text)]
    left = [row for row in rows if not is_whole(row.text)]
    if left and not kept:
        fix = "fill them in, or name the columns of the texts with --text and --second"
        raise DataError("in every row a text is empty", fix, file=file)
    if left:
        places = ", ".join(str(row.row) for row in left[:10]) + (", ..." if len(left) > 10 else "")
        warn(f"{file}: rows in which a text is empty are left out, {len(left):,} of {len(rows):,} (row {places}).")
    return kept, len(left)


def _show(result: dict[str, Any], lines: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        say("\n".join(lines))


def _measured(model: Model, rows: list[Example], columns: Columns, file: str) -> tuple[dict[str, Any], list[str]]:
    """The figures of a model on labelled rows, ready for JSON, and the same for people."""
    if model.options:
        result = measure_questions(model, rows, file)
        result |= {"interval95": result["accuracy95"], "answers": columns.answers}
        return result, [question_line(result)]
    if model.range is not None:
        result = measure_scores(model, rows, model.range, file)
        return result, score_lines(result)
    if model.several:
        result = measure_several(model, rows, file)
        return result, several_lines(result)
    return _measure_labels(model, rows, file)


def _measure_labels(model: Model, rows: list[Example], file: str) -> tuple[dict[str, Any], list[str]]:
    """The same of a model that gives each text, or pair, one label.

    Raises:
        DataError: a row has a label that the model does not know, or none.
    """
    import numpy as np

    from danlu.evals.metrics import summary

    index = {name: i for i, name in enumerate(model.labels)}
    for row in rows:
        if row.label not in index:
            what = f"the label is {quote(row.label)}, which this model does not know"
            fix = f"use one of {listing(model.labels)}"
            raise DataError(what if row.label else "the label is missing", fix, file=file, row=row.row)
    truth = np.array([index[row.label or ""] for row in rows], dtype=np.int64)
    result = summary(truth, model.probabilities([row.text for row in rows]).astype(np.float64), model.labels)
    low, high = result["accuracy95"]
    first = (
        f"accuracy {result['accuracy']:.1%} (95% interval {low:.1%} to {high:.1%}), macro-F1 {result['macro_f1']:.3f}, "
        f"expected calibration error {result['ece']:.3f}, {result['n']} rows"
    )
    return {**result, "interval95": result["accuracy95"]}, [first, *table_lines(result["per_label"], "label")]


def card(model: ModelFile) -> None:
    """Print the model's card: task, data, seeds, versions, figures with their intervals, warnings."""
    from danlu.artifact import load

    print_json(load(model).card)


def serve(
    model: ModelFile,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
) -> None:
    """Serve a model over HTTP, with a page to try it on."""
    from danlu.artifact import load

    with extra("serve"):
        from danlu.serve.run import run
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the server ends its requests first
    run(load(model), host, port)


def _rows_of(file: Path, text: str | None, second: str | None, model: Model | Extractor) -> Iterator[str]:
    from danlu.corpus.read import examples

    for row in _fitting(examples(file, text=text, second=second, need_label=False), model):
        if model.pairing and not is_whole(row.text):
            what = "the question is empty" if model.options else "a text of the pair is empty"
            raise DataError(what, "write it, or delete the row", file=row.source, row=row.row)
        yield row.text


def _fitting(rows: Iterator[Example], model: Model | Extractor) -> Iterator[Example]:
    """The rows, if they are what the model reads: questions with options, pairs or single texts."""
    for row in rows:
        if model.options or is_question(row.text):
            yield fitting_question(row, options=model.options)
        else:
            yield fitting_pair(row, pairs=model.pairing is not None, beside=model.beside)


def _arguments(texts: list[str], model: Model | Extractor) -> list[str]:
    """The texts, pairs or one question that arguments are."""
    if model.options:
        return question_of(texts) if texts else []
    refuse_empty(texts)
    return pairs_of(texts, model.beside) if model.pairing and texts else texts


def _lines_of_standard_input(model: Model | Extractor) -> Iterator[str]:
    pairing = model.pairing
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise DataError(
                f"the line is not UTF-8 ({error.reason})",
                "save the text as UTF-8, or use --file",
                file="stdin",
                row=number,
            ) from None
        if pairing is None:
            yield text
            continue
        written = text.split("\t")
        if model.options:
            yield question_of_line(written, number)
            continue
        yield pair_of_line(written, number, model.beside)


def _check_out(out: Path, *, force: bool) -> None:
    """Refuses before any work what could not be written after it."""
    if out.is_dir():
        raise OptionError(f"--out {out} is a folder. Fix: give the name of a file.")
    if not out.parent.is_dir():
        raise OptionError(f"The folder of --out {out} does not exist. Fix: make it first, or choose another.")
    if out.exists() and not force:
        raise OptionError(f"{out} exists. Fix: choose another --out, or --force to replace it.")


def _predictions(
    model: Model | Extractor, texts: Iterator[str], total: int | None
) -> Iterator[tuple[tuple[str, ...], Prediction | Extraction]]:
    """Each text, or the sides of each pair, with its prediction, in order; a block in memory at a time."""
    from itertools import islice

    from tqdm import tqdm

    with tqdm(total=total, unit=" texts", disable=not sys.stderr.isatty(), delay=2, file=sys.stderr) as bar:
        while block := list(islice(texts, BLOCK)):
            given = [parts(text) if model.pairing else (text,) for text in block]
            yield from zip(given, model.predict(block), strict=True)
            bar.update(len(block))


def _as_json(text: tuple[str, ...], prediction: Prediction | Extraction) -> str:
    """One line of JSON; escaped where the text has what no file can hold, or no terminal should see, as it is."""
    value = entities_json(prediction) if isinstance(prediction, Extraction) else _label(text, prediction)
    line = json.dumps(value, ensure_ascii=False)
    return line if harmless(line).encode("utf-8", "replace").decode() == line else json.dumps(value)


def _label(text: tuple[str, ...], prediction: Prediction) -> dict[str, object]:
    """A text, or the two of a pair, with its label."""
    first, *second = text
    holds = prediction.holds
    return {
        "text": first,
        **({"options": second} if len(second) > 1 else {"second": second[0]} if second else {}),
        **labels_json(prediction),
        **score_json(prediction),
        "label": holds and holds[0],
        "probability": holds and round(holds[1], 6),
        "abstained": prediction.abstained,
        "top": [{"label": label, "probability": round(p, 6)} for label, p in prediction.top],
    }


def _as_line(text: tuple[str, ...], prediction: Prediction | Extraction, model: Model | Extractor) -> str:
    if isinstance(prediction, Extraction):
        return entities_line(prediction)
    doubt = "  (unsure)" if prediction.abstained else ""
    seen = " | ".join(clean(side)[:100] for side in text)  # no escape sequence of a text reaches the terminal
    if model.range is not None:
        return f"{with_margin(prediction, model.range)}\t{seen}"
    if prediction.labels is not None:
        return f"{clean(labels_line(prediction))}\t{seen}{doubt}"
    return f"{clean(prediction.label)}\t{prediction.probability:.3f}\t{seen}{doubt}"


def say(text: str) -> None:
    """Prints a line; half a surrogate pair as a question mark, and no control character: a text may hold commands."""
    typer.echo(harmless(text).encode("utf-8", "replace").decode())


def warn(text: str) -> None:
    """Prints a line on standard error, beside what a program reads."""
    typer.echo(harmless(f"danlu: {text}"), err=True)


def harmless(text: str) -> str:
    """A text without the control characters that a terminal would obey; line ends and tabs stay."""
    return _CONTROL.sub("", text)


def print_json(value: object) -> None:
    """Prints one JSON value, indented."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))
