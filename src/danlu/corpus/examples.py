"""Rows to examples: the text and the label of each row of one file, and the label list that may lie beside it.

Knows rows and columns. Does not know which file plays which role.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING, cast

from danlu.corpus.beside import beside_of
from danlu.corpus.columns import LABEL_NAMES, NAMED_LABELS, Columns, as_label, as_text, find_columns, is_scalar
from danlu.corpus.encoding import lines
from danlu.corpus.formats import extension, json_document, read_rows, records
from danlu.corpus.options import question_columns, read_questions
from danlu.corpus.pronouns import is_mentions, mention_columns, mentioned
from danlu.corpus.scores import are_scores, read_score
from danlu.corpus.several import find_several, flag_columns, listed_column, read_label
from danlu.errors import DataError, brief, listing, quote
from danlu.text.pair import join, plain
from danlu.types import Example

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from danlu.types import Answers, Kind

SAMPLE = 1000  # rows looked at to find the columns
LOOKED = 200_000  # and to find whether a cell holds several labels, or a score
_DESCRIPTION_NAMES = ("description", "desc", *NAMED_LABELS, "描述", "说明")
_HEADERS = ("label", "labels", "标签", "类别")  # of a column of labels, whatever stands beside it
_NAME_HEADERS = ("name", "names", "名称")  # alone, or beside the header of descriptions: else they may be labels
_SHAPES = 'write labels.txt with one label a line, or labels.json as {"label": "description", ...}'


def examples(
    path: Path,
    *,
    text: str | None = None,
    second: str | None = None,
    label: str | None = None,
    need_label: bool,
    columns: Columns | None = None,
    task: Kind | None = None,
    labels: Sequence[str] = (),
) -> Iterator[Example]:
    """The examples of a file, streamed, except where all rows must be read to find out how they name their labels.

    A missing text is "", for `inspect` to report; a missing label (empty, null, NaN) is None; 3 and 3.0 are '3',
    True is 'true'. Pairs are joined in the order of their columns.

    Args:
        path: a file that `read_rows` reads.
        text: the text's column, found by name or content if None.
        second: the column of the second text of a pair, found by name if None.
        label: the label's column, found by name or content if None.
        need_label: whether a file without a label column is an error.
        columns: columns found in another file, taken if this file has them too.
        task: what the user says that rows are, or what a model learned; found out if None.
        labels: of a model of several labels.

    Raises:
        DataError: what `read_rows` and `find_columns` raise, no label column, an object as text or label.
        MissingExtra: the library that reads the format is not installed.
    """
    return open_examples(
        path,
        text=text,
        second=second,
        label=label,
        need_label=need_label,
        columns=columns,
        task=task,
        labels=labels,
    )[1]


def open_examples(
    path: Path,
    *,
    text: str | None,
    label: str | None,
    need_label: bool,
    second: str | None = None,
    columns: Columns | None = None,
    task: Kind | None = None,
    labels: Sequence[str] = (),
    listed: Collection[str] = (),
    answers: Answers | None = None,
    measured: bool = False,
) -> tuple[Columns, Iterator[Example]]:
    """The columns of a file and its examples, as `examples` gives them.

    Numbers that a label list names (`listed`) are labels. Answers to questions are read as those that a model learned
    from (`answers`) where they fit that. Where rows measure a model (`measured`), no fix speaks of --task.

    Raises:
        DataError: as in `examples`.
        MissingExtra: as in `examples`.
    """
    rows = read_rows(path)
    sample = list(islice(rows, SAMPLE))
    names = list(dict.fromkeys(name for _, row in sample for name in row))
    wanted, known = () if columns is None else columns.read(need_label=need_label), columns
    if columns is None or set(wanted) - set(names):
        columns = _columns(
            [row for _, row in sample],
            text=text,
            second=second,
            label=label,
            file=path.name,
            task=task,
            measured=measured,
            alone=known is None,
        )
        if known is not None and bool(known.options) != bool(columns.options):
            kinds = ("have no options, as the training rows have", "are questions with options, unlike training rows")
            fix = f"give it the columns of the training file; there are: {listing(names)}"
            raise DataError(f"the rows {kinds[bool(columns.options)]}", fix, file=path.name)
        if known is not None:
            flags = set(columns.flags)
            lost = [name for name in known.flags if name not in flags]
            if lost and need_label:
                fix = f"give it the columns of the training file; there are: {listing(names)}"
                raise DataError("the label has no column of 0 and 1 here", fix, file=path.name, field=lost[0])
            columns = replace(
                columns, answers=known.answers, several=known.several, flags=known.flags, scores=known.scores
            )
        if known is not None and not known.options and (known.second is None) != (columns.second is None):
            what = "not pairs of texts, as the training rows are" if known.second else "pairs of texts, unlike training"
            fix = f"give it the columns of the training file; there are: {listing(names)}"
            raise DataError(f"the rows are {what}", fix, file=path.name)
    if need_label and columns.label is None and not columns.flags:
        raise _without_label(names, path.name)
    whole: Iterable[tuple[int, dict[str, object]]] = chain(sample, rows)
    if need_label and not columns.options and known is None:
        looked = list(islice(whole, LOOKED))
        if columns.second is None and columns.several is None and task != "score":
            columns = find_several(looked, columns, task, labels)
        columns = replace(columns, scores=are_scores(looked, columns, task, listed))
        whole = chain(looked, rows)
    if columns.options:
        return read_questions(whole, columns, path.name, need_label=need_label, known=answers)
    return columns, _examples(whole, columns, path.name, need_label=need_label)


def _without_label(names: list[str], file: str) -> DataError:
    """The error for rows in which no label was found; a column that is called one holds none in the first rows."""
    known = {*LABEL_NAMES, *NAMED_LABELS}
    empty = next((name for name in names if name.strip().casefold() in known), None)
    if empty is not None:
        return DataError("the column holds no label", "fill it, or name another with --label", file=file, field=empty)
    fix = f"name the label's column with --label; there are: {listing(names)}"
    return DataError("no column looks like a label", fix, file=file)


def _columns(
    rows: list[dict[str, object]],
    *,
    text: str | None,
    second: str | None,
    label: str | None,
    file: str,
    task: Kind | None,
    measured: bool,
    alone: bool,
) -> Columns:
    """The columns of questions with options where rows have options, else of two mentions, of pairs, or of texts.

    Who names another task says that rows are no questions. Rows that lack what the task asks for are refused here where
    they stand alone, and by `open_examples`, as unlike the training rows, where they do not.
    """
    named = {"text": text, "second": second, "label": label}
    asked = question_columns(rows, **named, file=file) if task in (None, "choice") else None
    if alone and task == "choice" and asked is None:
        fix = "give each row a list 'options', or columns A, B, C, …, or leave --task out"
        raise DataError("no column looks like options", fix, file=file)
    found = asked or mention_columns(rows, find_columns(rows, **named, file=file))
    if alone and task == "pairs" and found.second is None:
        names = list(dict.fromkeys(name for row in rows for name in row))
        fix = f"name them with --text and --second; there are: {listing(names)}"
        raise DataError("no two columns look like the texts of a pair", fix, file=file)
    if alone and task == "several" and found.second is not None:
        what = f"the rows are pairs of texts ({brief(found.text)}, {brief(found.second)}), which have one label each"
        fix = "name the column of the text with --text" + ("" if measured else ", or leave --task out")
        raise DataError(what, fix, file=file)
    found = replace(found, measured=measured)
    if found.options or found.second is not None:
        return replace(found, beside=beside_of(rows, found))
    return _with_lists(rows, found, label, task)


def _with_lists(rows: list[dict[str, object]], columns: Columns, label: str | None, task: Kind | None) -> Columns:
    """The columns of single texts; where labels stand in lists, or one a column, with these."""
    plain = label is None and (columns.label is None or columns.label.strip().casefold() not in ("label", "标签"))
    looked = (plain or label) and task != "score"
    listed = listed_column(rows, columns.label if label else None) if looked else None
    if listed is not None and listed != columns.text:
        return replace(columns, label=listed)
    flags = flag_columns(rows, columns.text) if label is None and task not in ("classification", "score") else ()
    known = {*LABEL_NAMES, *NAMED_LABELS}
    called = any(name.strip().casefold() in known for row in rows for name in row if name != columns.text)
    unnamed = (columns.label is None or columns.label in flags) and (task == "several" or not called)
    return replace(columns, label=None, flags=flags) if flags and unnamed else columns


def _examples(
    rows: Iterable[tuple[int, dict[str, object]]], columns: Columns, file: str, *, need_label: bool
) -> Iterator[Example]:
    for number, row in rows:
        text = row.get(columns.text)
        second = None if columns.second is None else _listed(row.get(columns.second))
        label = None if columns.label is None else row.get(columns.label)
        if columns.second is not None and is_mentions(second):
            text, second = mentioned(as_text(text), second, file, number, columns.second)
        alone = columns.several is None
        cells = (
            (columns.text, text, True),
            (columns.second, second, True),
            (columns.label, label, need_label and alone),
        )
        for name, value, needed in cells:
            if needed and not is_scalar(value):
                what = f"it holds a {type(value).__name__}, not one value"
                raise DataError(what, "write one text and one label a row", file=file, row=number, field=name or "")
        first, other = as_text(text), as_text(second)
        whole = plain(first) if columns.second is None else join(first, other, "ordered")
        if columns.scores:
            score = read_score(label, columns, file, number) if need_label else None
            yield Example(whole, score, file, number)
        elif alone:
            yield Example(whole, as_label(label) if is_scalar(label) else None, file, number)
        else:
            yield Example(whole, read_label(row, columns, file, number) if need_label else None, file, number)


def single_texts(path: Path, *, text: str | None = None) -> Iterator[str]:
    """The texts of a file whose rows are texts, for those who take no pairs.

    Args:
        path: the file.
        text: the text's column, found by name or content if None.

    Raises:
        DataError: as in `examples`, or the rows are pairs.
        MissingExtra: as in `examples`.
    """
    columns, rows = open_examples(path, text=text, label=None, need_label=False)
    if columns.options:
        what, fix = "the rows are questions with options", "keep one column of texts in the file"
        raise DataError(what, fix, file=path.name)
    if columns.second is not None:
        what = f"the rows are pairs of texts ({brief(columns.text)}, {brief(columns.second)})"
        raise DataError(what, "keep one column of texts in the file", file=path.name)
    return (row.text for row in rows)


def _listed(value: object) -> object:
    """A list of words, such as the keywords of a text, as one text; anything else as it is."""
    if isinstance(value, list) and all(isinstance(item, str) for item in cast("list[object]", value)):
        return ", ".join(cast("list[str]", value))
    return value


def label_names(path: Path) -> dict[str, str]:
    """The labels of a label list with their descriptions, empty where there is none, in the file's order.

    JSON: {"labels": [...]}, a list of labels or of objects with label and description, a dict from label to
    description, or one object a line; .txt, .csv and .tsv: one label a line, or label and description. A first line
    that names the columns is no label.

    Raises:
        DataError: another shape or extension, an empty list, a description without its label, a label that stands
            twice.
    """
    readers = {".json": _json_labels, ".jsonl": _object_labels, ".ndjson": _object_labels, ".txt": _txt_labels}
    reader = {**readers, ".csv": _csv_labels, ".tsv": _csv_labels}.get(extension(path))
    if reader is None or not path.is_file():
        raise DataError("this is not a label list", _SHAPES, file=path.name)
    found: dict[str, str] = {}
    for number, (value, description) in enumerate(reader(path), start=1):
        if not is_scalar(value):
            raise DataError(f"a label is a {type(value).__name__}", _SHAPES, file=path.name, row=number)
        name = as_label(value)
        if name is None and as_text(description).strip():
            what, fix = "a description without its label", "write the label before it"
            raise DataError(what, fix, file=path.name, row=number, field="label")
        if name is None:
            continue
        if name in found:
            what, fix = f"the label {quote(name)} stands twice", "delete one of the two"
            raise DataError(what, fix, file=path.name, row=number, field="label")
        found[name] = as_text(description).strip()
    if not found:
        raise DataError("the list holds no labels", _SHAPES, file=path.name)
    return found


def _json_labels(path: Path) -> Iterator[tuple[object, object]]:
    try:
        value = json_document(path)
    except DataError:
        yield from _object_labels(path)  # one object a line, as FewCLUE's; if it is not, this says what is wrong
        return
    if isinstance(value, dict):
        inner = cast("dict[str, object]", value).get("labels")
        value = inner if isinstance(inner, (list, dict)) else value
    if isinstance(value, dict):
        yield from cast("dict[str, object]", value).items()
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield _label_of(cast("dict[str, object]", item), path) if isinstance(item, dict) else (item, "")
    else:
        raise DataError("this is not a label list", _SHAPES, file=path.name)


def _object_labels(path: Path) -> Iterator[tuple[object, object]]:
    for _, row in read_rows(path):
        yield _label_of(row, path)


def _label_of(row: dict[str, object], path: Path) -> tuple[object, object]:
    label = next((row[name] for name in LABEL_NAMES if name in row), None)
    if label is None:
        raise DataError("an object has no 'label'", _SHAPES, file=path.name)
    return label, next((row[name] for name in _DESCRIPTION_NAMES if name in row), "")


def _txt_labels(path: Path) -> Iterator[tuple[object, object]]:
    for number, line in enumerate(lines(path), start=1):
        label, tab, description = line.partition("\t")
        yield ("", "") if number == 1 and tab and _is_header(label, description) else (label, description)


def _csv_labels(path: Path) -> Iterator[tuple[object, object]]:
    delimiters = "\t" if extension(path) == ".tsv" else ",;\t"
    for number, fields in enumerate(records(path, delimiters, headers=0), start=1):
        if len(fields) > 2:
            raise DataError(f"it has {len(fields)} fields", "keep label and description", file=path.name, row=number)
        if fields and not (number == 1 and _is_header(*fields)):
            yield fields[0], fields[1] if len(fields) == 2 else ""


def _is_header(label: str, description: str = "") -> bool:
    """Whether the first line of a label list names its columns: "label", or "category,description"."""
    name, other = label.strip().casefold(), description.strip().casefold()
    if other in _DESCRIPTION_NAMES:
        return name in (*_HEADERS, *_NAME_HEADERS, *LABEL_NAMES)
    return name in _HEADERS or (name in _NAME_HEADERS and not other)
