"""A folder or a file of the user's to a data set: `load`; the front of reading, so the other readers stand here too.

Knows which file plays which role, and that none may lie outside the folder. Does not judge the rows: that is
factory/inspect.py.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from danlu.corpus.columns import Columns, as_label, find_columns
from danlu.corpus.encoding import encoding_of
from danlu.corpus.examples import examples, label_names, open_examples
from danlu.corpus.formats import READERS, extension, read_rows
from danlu.corpus.marks import open_marked
from danlu.errors import DataError, listing, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from danlu.types import Example, Kind

__all__ = [
    "Columns",
    "DataFile",
    "Dataset",
    "examples",
    "find_columns",
    "label_names",
    "load",
    "marked_examples",
    "read_rows",
]

MAX_ROWS = 200_000  # of each file, kept in memory
ROLES = {
    "train": ("train",),
    "dev": ("dev", "valid", "validation", "val"),
    "test": ("test",),
    "unlabeled": ("unlabeled", "unlabelled"),
    "labels": ("labels",),
}


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file that was read.

    Attributes:
        role: train, dev, test, unlabeled or labels.
        path: where it lies.
        rows: how many rows were read from it.
        sha256: of its bytes, in hexadecimal.
        encoding: of its text; empty for Excel and Parquet.
    """

    role: str
    path: Path
    rows: int
    sha256: str
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """All that the user gave, as it stands in the files.

    Attributes:
        train: labelled rows to learn from.
        dev: labelled rows to choose by.
        test: labelled rows to measure by, once.
        unlabeled: rows without a label, those of the training file among them.
        descriptions: label to description, from the label list.
        files: what was read.
        columns: the training file's.
        notes: what reading left out, a sentence each.
        names_only: whether there is no training file: labels are known by their names alone.
        task: what the user said that rows are; None where it was found out.
    """

    train: list[Example]
    dev: list[Example] = field(default_factory=list)
    test: list[Example] = field(default_factory=list)
    unlabeled: list[Example] = field(default_factory=list)
    descriptions: dict[str, str] = field(default_factory=dict)
    files: tuple[DataFile, ...] = ()
    columns: Columns = field(default_factory=lambda: Columns("text", "label"))
    notes: tuple[str, ...] = ()
    names_only: bool = False
    task: Kind | None = None


def load(
    data: Path | None,
    *,
    test: Path | None = None,
    unlabeled: Path | None = None,
    text: str | None = None,
    second: str | None = None,
    label: str | None = None,
    task: Kind | None = None,
    labels: Sequence[str] = (),
) -> Dataset:
    """The data set in a folder, or in one file of training rows.

    A folder holds train.*, and may hold dev.*, test.*, unlabeled.* and labels.*, each in any format that `read_rows`
    reads. Training rows without a label become unlabeled rows. Where the training file marks entities, so do dev and
    test, and a row's spans stand in the place of its label. Where there is no training file, the names of the labels
    stand for it, and the unlabeled rows are single texts.

    Args:
        data: the folder or the file; None where names and a file of unlabeled rows are all there is.
        test: a test file in place of the folder's.
        unlabeled: a file of unlabeled rows in place of the folder's.
        text: the text's column, found if None.
        second: the column of the second text of a pair, found by name if None.
        label: the label's column, found if None.
        task: whether a text has one label, several or a score, is a pair or a question with options, or has entities
            marked; found out if None.
        labels: names of labels in place of training rows.

    Raises:
        DataError: no such path, no training file and no names either, two files for one role, a file outside the
            folder, a bad file.
        MissingExtra: the library that reads a file is not installed.
    """
    named = _named(labels)
    paths = {} if data is None else _roles(data) if data.is_dir() else {"train": data}
    paths |= {role: path for role, path in (("test", test), ("unlabeled", unlabeled)) if path is not None}
    _refuse_same_file(paths)
    if "train" not in paths:
        return _names_only(paths, data, text, label, named, single=second is None and task in (None, "classification"))
    if labels:
        fix = "leave --labels out, or, to learn from names alone, give the texts with --unlabeled and no training file"
        raise DataError("its rows have labels of their own", fix, file=paths["train"].name)
    looked = second is None and task in (None, "entities")
    marked = open_marked(paths["train"], text=text, label=label) if looked else None
    if task == "entities" and marked is None:
        what, fix = "no column marks entities", "name the column with --label, or leave --task out"
        if second is not None:
            what, fix = "rows with marked entities have no second text", "leave --second or --task out"
        raise DataError(what, fix, file=paths["train"].name)
    if marked is not None:
        return _marked(paths, marked[0].columns, _first(marked[1], paths["train"]), text, label)
    listed = label_names(paths["labels"]) if "labels" in paths else {}
    columns, stream = open_examples(
        paths["train"], text=text, second=second, label=label, need_label=True, task=task, listed=listed
    )
    train, notes = _first(stream, paths["train"])
    rows: dict[str, list[Example]] = {"train": train, "dev": [], "test": [], "unlabeled": []}
    for role in ("dev", "test"):
        if role in paths:
            found = examples(
                paths[role], text=text, second=second, label=label, need_label=True, columns=columns, task=task
            )
            rows[role], more = _first(found, paths[role])
            notes += more
    if "unlabeled" in paths:
        rows["unlabeled"], more = _unlabeled(paths["unlabeled"], text, second, columns, task)
        notes += more
    return replace(_dataset(paths, columns, rows, notes), task=task)


def _names_only(
    paths: dict[str, Path],
    data: Path | None,
    text: str | None,
    label: str | None,
    labels: dict[str, str],
    *,
    single: bool,
) -> Dataset:
    """The data set where no row is labelled: single texts, and what labels are called.

    Args:
        paths: the file of each role.
        data: the folder they lie in, if any.
        text: the text's column, found if None.
        label: the label's column in the test file, found if None.
        labels: names given in place of a label list, without descriptions; none where there is a list.
        single: whether nothing says that rows are pairs, have several labels or are scored.
    """
    if not labels and "labels" not in paths:
        raise _no_training_file(data)
    if labels and "labels" in paths:
        what, fix = "labels are named in this file and by --labels", "leave one of them out"
        raise DataError(what, fix, file=paths["labels"].name)
    if "dev" in paths:
        fix = "call the file train, since its rows teach more than they can choose, or take it out of the folder"
        raise DataError(
            "dev rows choose among models of labelled rows, and no training row is", fix, file=paths["dev"].name
        )
    if "unlabeled" not in paths:
        what = "there are names of labels and neither labelled rows nor texts"
        fix = "add the texts as unlabeled.csv or the like, or name them with --unlabeled"
        fix += "; DATA stands before --labels" if labels else ""
        raise DataError(what, fix, file=str(data or ""))
    if not single:
        what = "from names of labels alone danlu learns single texts with one label each"
        raise DataError(what, "leave --second and --task out, or label a few rows")
    if label is not None and "test" not in paths:
        what = "it names the column of labels in a test file, and there is none"
        raise DataError(what, "leave it out, or give --test; names of labels are given by --labels", field="--label")
    path = paths["unlabeled"]
    named = None if extension(path) == ".txt" else text
    rows: dict[str, list[Example]] = {"train": [], "dev": [], "test": [], "unlabeled": []}
    columns, stream = open_examples(path, text=named, label=None, need_label=False)
    if columns.second is not None or columns.options:
        what = "pairs of texts" if not columns.options else "questions with options"
        fix = "keep one column of texts, name it with --text, or label a few rows and give them as train.csv"
        raise DataError(f"the rows are {what}, which names of labels alone teach nothing of", fix, file=path.name)
    found, notes = _first(stream, path)
    rows["unlabeled"] = [replace(row, label=None) for row in found]
    column = None
    if "test" in paths:
        tested, stream = open_examples(paths["test"], text=text, label=label, need_label=True, task="classification")
        if tested.second is not None:
            what, fix = (
                "the rows are pairs of texts, unlike the unlabeled ones",
                "name the column of the text with --text",
            )
            raise DataError(what, fix, file=paths["test"].name)
        column = tested.label
        rows["test"], more = _first(stream, paths["test"])
        notes += more
    dataset = _dataset(paths, Columns(columns.text, column), rows, notes)
    return replace(dataset, names_only=True, descriptions=labels or dataset.descriptions)


def _named(labels: Sequence[str]) -> dict[str, str]:
    """Names given on the command line as a label list without descriptions.

    Raises:
        DataError: one is empty, stands twice or is a file, or there is a single one and it looks like several.
    """
    found: dict[str, str] = {}
    for number, given in enumerate(labels, 1):
        name = as_label(given)
        if name is None:
            raise DataError(f"label {number} is empty", "write each label in words", field="--labels")
        if name in found:
            raise DataError(f"the label {quote(name)} stands twice", "leave one of the two out", field="--labels")
        if _is_file(given):
            what = f"the label {quote(Path(name).name)} is a file"
            raise DataError(what, "put DATA before --labels", field="--labels")
        found[name] = ""
    only = next(iter(found)) if len(found) == 1 else ""
    if any(mark in only for mark in ",，、"):
        fix = "write spaces between labels, and quotes around one of several words: --labels A B C"
        raise DataError(f"{quote(only)} is one label", fix, field="--labels")
    return found


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # too long for a path, or a null character in it
        return False


def _no_training_file(folder: Path | None) -> DataError:
    """The error for data without labelled rows and without names of labels."""
    if folder is None:
        what = "there are no labelled rows and no names of labels"
        return DataError(what, "give DATA, or texts and names: danlu forge --unlabeled texts.csv --labels A B C")
    there = listing([path.name for path in sorted(folder.iterdir())], "nothing")
    fix = (
        "name the training file train.csv, train.jsonl or the like, or, where nothing is labelled, write the names of "
        f"the labels into labels.txt (there is: {there})"
    )
    return DataError("the folder has no training file", fix, file=str(folder))


def _marked(
    paths: dict[str, Path],
    columns: Columns,
    train: tuple[list[Example], tuple[str, ...]],
    text: str | None,
    label: str | None,
) -> Dataset:
    """The data set of a task whose rows have entities marked in them."""
    rows: dict[str, list[Example]] = {"train": train[0], "dev": [], "test": [], "unlabeled": []}
    notes = train[1]
    for role in ("dev", "test"):
        if role in paths:
            rows[role], more = _first(_marked_stream(paths[role], text, label), paths[role])
            notes += more
    if "unlabeled" in paths:
        path = paths["unlabeled"]
        found = open_marked(path)
        if found is None:
            known = Columns("text" if columns.text == "tokens" else columns.text, None)
            rows["unlabeled"], more = _unlabeled(path, None, None, known)
        else:
            first, more = _first(found[1], path)
            rows["unlabeled"] = [replace(row, spans=None, relations=None) for row in first]
        notes += more
    return _dataset(paths, columns, rows, notes)


def marked_examples(path: Path, *, text: str | None = None, label: str | None = None) -> list[Example]:
    """The examples of a file of texts with entities, for those who need entities.

    Raises:
        DataError: as in `open_marked`, or no column marks entities.
        MissingExtra: the library that reads the format is not installed.
    """
    return list(_marked_stream(path, text, label))


def _marked_stream(path: Path, text: str | None, label: str | None) -> Iterator[Example]:
    """What `marked_examples` gives, one at a time."""
    found = open_marked(path, text=text, label=label)
    if found is None:
        fix = 'write {"text": "…", "entities": [{"start": 0, "end": 2, "type": "…"}]}, or name the column with --label'
        raise DataError("no column marks entities", fix, file=path.name)
    return found[1]


def _dataset(
    paths: dict[str, Path], columns: Columns, rows: dict[str, list[Example]], notes: tuple[str, ...]
) -> Dataset:
    descriptions = label_names(paths["labels"]) if "labels" in paths else {}
    counts = {role: len(read) for role, read in rows.items()} | {"labels": len(descriptions)}
    plain = [row for row in rows["train"] if row.label is None and row.spans is None]
    return Dataset(
        train=[row for row in rows["train"] if row.label is not None or row.spans is not None],
        dev=rows["dev"],
        test=rows["test"],
        unlabeled=plain + rows["unlabeled"],
        descriptions=descriptions,
        files=tuple(_data_file(role, path, counts[role]) for role, path in paths.items()),
        columns=columns,
        notes=notes,
    )


def _roles(folder: Path) -> dict[str, Path]:
    """The file of each role in a folder."""
    files = sorted(path for path in folder.iterdir() if extension(path) in READERS and not path.name.startswith("."))
    found: dict[str, Path] = {}
    for role, stems in ROLES.items():
        candidates = [path for path in files if path.name.split(".")[0].casefold() in stems]
        if len(candidates) > 1:
            names = " and ".join(path.name for path in candidates)
            raise DataError(f"{names} could each be the {role} file", "keep one of them", file=str(folder))
        if candidates:
            found[role] = candidates[0]
    for path in found.values():
        if not path.resolve().is_relative_to(folder.resolve()):
            fix = "copy the file into the folder"
            raise DataError("the file is a link to a place outside the folder", fix, file=path.name)
    return found


def _refuse_same_file(paths: dict[str, Path]) -> None:
    roles: dict[Path, str] = {}
    for role, path in paths.items():
        other = roles.setdefault(path.resolve(), role)
        if other != role:
            raise DataError(f"the file is both {other} and {role}", "give each role its own file", file=path.name)


def _unlabeled(
    path: Path, text: str | None, second: str | None, columns: Columns, task: Kind | None = None
) -> tuple[list[Example], tuple[str, ...]]:
    """The texts of a file, its labels ignored, as `_first` gives them."""
    named = None if extension(path) == ".txt" else text
    stream = examples(path, text=named, second=second, need_label=False, columns=columns, task=task)
    rows, notes = _first(stream, path)
    return [replace(row, label=None) for row in rows], notes


def _first(stream: Iterator[Example], path: Path) -> tuple[list[Example], tuple[str, ...]]:
    """Up to `MAX_ROWS` rows of a file, and a note if there are more."""
    rows = list(islice(stream, MAX_ROWS))
    if next(stream, None) is None:
        return rows, ()
    return rows, (f"{path.name} has more than {MAX_ROWS:,} rows; only the first {MAX_ROWS:,} are used.",)


def _data_file(role: str, path: Path, rows: int) -> DataFile:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for chunk in iter(partial(stream.read, 1 << 20), b""):
            digest.update(chunk)
    encoding = "" if extension(path) in (".xlsx", ".parquet") else encoding_of(path)
    return DataFile(role, path, rows, digest.hexdigest(), encoding)
