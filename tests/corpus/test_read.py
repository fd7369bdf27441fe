import contextlib
import csv
import gzip
import io
import json
import lzma
import math
import tempfile
import tracemalloc
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.corpus import encoding, formats, read
from danlu.corpus.examples import single_texts
from danlu.corpus.read import Columns, examples, find_columns, label_names, load, read_rows
from danlu.errors import DanluError, DataError
from danlu.text.pair import sides
from danlu.types import Example

FEWCLUE = Path(__file__).parents[2].parent / "shared/data/fewclue"
needs_fewclue = pytest.mark.skipif(
    not FEWCLUE.exists(), reason="the evaluation data (shared/data/fewclue) is not beside the checkout"
)
PACKERS = {".gz": gzip.compress, ".xz": lzma.compress}
EXTENSIONS = [*formats.READERS, *(name + end for name in formats.READERS for end in PACKERS)]
NASTY = "\u2028\u2029\x85\x0b\x0c\x1c\r\n\t\"',;|\\ \ufeff\u200b\u202e中文好א👍🏽éÿ\ufffd0"
# Enough Chinese to tell an encoding by, as any real file has.
ANCHOR = "这一行让编码可以被认出来，真实的文件里总有这样的文字"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(PACKERS.get(path.suffix, bytes)(content))
    return path


def rows_of(path: Path) -> list[dict[str, object]]:
    return [row for _, row in read_rows(path)]


def texts(*, without: str = "") -> st.SearchStrategy[str]:
    letters = st.characters(exclude_categories=["Cs"], exclude_characters=without)
    return st.one_of(st.text(letters, max_size=20), st.text("".join(set(NASTY) - set(without)), max_size=20))


def delimited(rows: list[dict[str, str]], delimiter: str) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, ["text", "label"], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def tables(without: str = "") -> st.SearchStrategy[list[dict[str, str]]]:
    row = st.fixed_dictionaries({"text": texts(without=without), "label": texts(without=without)})
    return st.lists(row, max_size=5).map(lambda rows: [*rows, {"text": ANCHOR, "label": "锚"}])


# Without a mark, GB18030 with NUL characters cannot be told from UTF-16.
ENCODINGS = {"utf-8": "", "utf-8-sig": "", "utf-16": "", "gb18030": "\0"}


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("extension", [".csv", ".tsv", ".jsonl", ".json", ".ndjson", ".csv.gz", ".jsonl.xz"])
@settings(max_examples=40)
@given(data=st.data())
def test_rows_read_back_as_written(extension, name, data):
    rows = data.draw(tables(ENCODINGS[name]))
    if ".csv" in extension or extension == ".tsv":
        content = delimited(rows, "\t" if extension == ".tsv" else data.draw(st.sampled_from(",;\t")))
    elif extension == ".json" and data.draw(st.booleans()):
        content = json.dumps(data.draw(st.sampled_from([rows, {"data": rows}])), ensure_ascii=False, indent=1)
    else:
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), f"train{extension}", content.encode(name))
        assert list(read_rows(path)) == list(enumerate(rows, start=1))


@pytest.mark.parametrize("name", ENCODINGS)
@settings(max_examples=40)
@given(data=st.data())
def test_lines_read_back_as_written(name, data):
    line = texts(without="\n\0").filter(lambda text: text.strip() and not text.endswith("\r"))
    lines = [ANCHOR, *data.draw(st.lists(line, max_size=5))]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), "texts.txt", data.draw(st.sampled_from(["\n", "\r\n"])).join(lines).encode(name))
        assert list(read_rows(path)) == [(n, {"text": text}) for n, text in enumerate(lines, start=1)]


@pytest.mark.parametrize("extension", EXTENSIONS)
@settings(max_examples=60)
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.text(NASTY + '[]{}:"text,label\n', max_size=60).map(lambda text: text.encode("utf-8")),
        st.binary(max_size=60).map(lambda tail: b"PK\x03\x04" + tail),
        st.binary(max_size=60).map(lambda middle: b"PAR1" + middle + b"PAR1"),
    ),
    packed=st.booleans(),
)
def test_arbitrary_bytes_are_read_or_refused(extension, content, packed):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"train{extension}"
        path.write_bytes(gzip.compress(content) if packed else content)
        for reader in (read_rows, lambda path: examples(path, need_label=False), label_names, load):
            with contextlib.suppress(DanluError):
                result = reader(path)
                list(result.train if isinstance(result, read.Dataset) else result)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("name", ["utf-8", "gb18030", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text", [ANCHOR, "plain English, nothing else in it", "iPhone 8 的屏幕碎了", "Привет, как дела?", "一丁一下一上一"]
)
def test_encodings_are_detected(tmp_path, name, text, mark):
    path = write(tmp_path, "train.csv", (mark + delimited([{"text": text, "label": "x"}], ",")).encode(name))
    assert rows_of(path) == [{"text": text, "label": "x"}]


def test_gb18030_after_a_megabyte_of_ascii(tmp_path):
    path = write(tmp_path, "train.txt", b"plain\n" * 250_000 + ANCHOR.encode("gb18030"))
    assert encoding.encoding_of(path) == "gb18030"


@pytest.mark.parametrize("extension", [".csv", ".jsonl", ".txt", ".tsv"])
def test_wrong_bytes_name_file_and_row(tmp_path, extension):
    rows = [{"text": ANCHOR, "label": "好"}] * 3
    content = {
        ".csv": delimited(rows, ","),
        ".tsv": delimited(rows, "\t"),
        ".jsonl": "\n".join(json.dumps(row, ensure_ascii=False) for row in rows),
        ".txt": "\n".join(row["text"] for row in rows),
    }[extension].encode()
    position = content.rindex("真".encode())
    path = write(tmp_path, f"train{extension}", content[:position] + b"\xff" + content[position:])
    with pytest.raises(
        DataError, match=rf"train{extension}, row 3: line \d holds bytes that are not UTF-8\. Fix: "
    ) as refusal:
        rows_of(path)
    assert refusal.value.row == 3


def test_wrong_bytes_of_a_file_that_is_no_utf8_may_be_of_three_encodings(tmp_path):
    path = write(tmp_path, "train.txt", ANCHOR.encode("gb18030") + b"\n\xff\xff\n")
    with pytest.raises(DataError, match=r"row 2: line 2 holds bytes that are not UTF-8, GB18030 or UTF-16\. Fix: "):
        rows_of(path)


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
@pytest.mark.parametrize("bad", [b"\xff, and what follows", b"\xe4\xb8"])
def test_wrong_bytes_are_found_by_the_line_ends_of_the_file(tmp_path, end, bad):
    rows = [ANCHOR.encode(), ANCHOR.encode(), bad]
    with pytest.raises(DataError, match="line 3 holds bytes that are not UTF-8") as refusal:
        rows_of(write(tmp_path, "a.txt", end.join(rows)))
    assert refusal.value.row == 3


def test_a_carriage_return_before_wrong_bytes_ends_no_line_where_a_newline_follows(tmp_path):
    with pytest.raises(DataError, match="line 1 holds"):
        rows_of(write(tmp_path, "a.txt", f"{ANCHOR}\r".encode() + b"\xff\n"))


def test_a_utf8_file_with_one_bad_byte_is_not_taken_for_gb18030(tmp_path):
    path = write(tmp_path, "train.txt", (ANCHOR + "\n").encode() * 2 + b"\xe4\xb8\n")
    with pytest.raises(DataError, match="row 3"):
        rows_of(path)


@pytest.mark.parametrize("content", ["naïve café\n".encode("latin-1"), b"\xff\xfea", b"\xff"])
def test_other_encodings_are_refused(tmp_path, content):
    with pytest.raises(DataError, match=r"row 1: .*UTF"):
        rows_of(write(tmp_path, "train.txt", content))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("big5", "請問我的包裹什麼時候能到，已經等了三天"),
        ("shift_jis", "荷物はいつ届きますか。"),
    ],
)
def test_bytes_that_only_look_like_gb18030_are_refused(tmp_path, name, text):
    with pytest.raises(DataError, match="neither UTF-8 nor GB18030"):
        rows_of(write(tmp_path, "train.txt", f"{text}\n".encode(name)))


def test_traditional_hanzi_in_gb18030_are_read(tmp_path):
    text = "請問我的包裹什麼時候能到，已經等了三天"
    assert rows_of(write(tmp_path, "train.txt", f"{text}\n".encode("gb18030"))) == [{"text": text}]


def test_utf32_is_refused(tmp_path):
    with pytest.raises(DataError, match="UTF-32"):
        rows_of(write(tmp_path, "train.txt", "text".encode("utf-32")))


def test_a_megabyte_row(tmp_path):
    text = "长" * 1_000_000 + '"\n'
    path = write(tmp_path, "train.csv", delimited([{"text": text, "label": "a"}], ","))
    assert rows_of(path) == [{"text": text, "label": "a"}]


def test_fields_beyond_the_limit_are_refused(tmp_path):
    path = write(tmp_path, "train.csv", "text,label\n" + "x" * (formats.MAX_FIELD + 1) + ",a\n")
    with pytest.raises(DataError, match=r"row 1: .*field"):
        rows_of(path)


def test_lines_beyond_the_limit_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(encoding, "MAX_LINE", 100)
    with pytest.raises(DataError, match="row 2: line 2 is longer"):
        rows_of(write(tmp_path, "train.txt", "short\n" + "x" * 200))


def test_a_large_json_document_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "MAX_JSON", 100)
    with pytest.raises(DataError, match=r"\.jsonl"):
        rows_of(write(tmp_path, "train.json", json.dumps([{"text": "x" * 200}])))


@pytest.mark.parametrize("extension", [".csv", ".jsonl", ".txt", ".jsonl.gz"])
def test_reading_streams(tmp_path, extension):
    line = {".csv": '"some text, quoted",label\n', ".txt": "some text\n"}.get(extension, '{"text": "some text"}\n')
    path = write(tmp_path, f"big{extension}", line * 400_000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in islice(read_rows(path), 20_000)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 7 << 20  # of about 10
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_empty_files_are_refused(tmp_path, extension):
    with pytest.raises(DataError, match=r"train\."):
        rows_of(write(tmp_path, f"train{extension}", b""))


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", "text,label\n"), ("a.csv", "\n\n"), ("a.json", "[]"), ("a.jsonl", "\n \n"), ("a.json", '{"data": []}')],
)
def test_files_without_rows_are_refused(tmp_path, name, content):
    with pytest.raises(DataError, match="holds no rows"):
        rows_of(write(tmp_path, name, content))


@pytest.mark.parametrize(
    ("content", "row"),
    [
        ("text,label\na,b\nc\n", 2),
        ("text,label\na,b,c\n", 1),
        ("text,label\na,b\n\n\nx,y,z\n", 4),
        ('text,label\na,b\n"open,c\nd,e\n', 2),
        ('text,label\n"a"b,c\n', 1),
    ],
)
def test_ragged_rows_name_the_row(tmp_path, content, row):
    with pytest.raises(DataError) as refusal:
        rows_of(write(tmp_path, "train.csv", content))
    assert (refusal.value.file, refusal.value.row) == ("train.csv", row)


def test_a_lone_carriage_return_belongs_to_the_field(tmp_path):
    path = write(tmp_path, "train.csv", "text,label\r\na\rb,x\r\n")
    assert rows_of(path) == [{"text": "a\rb", "label": "x"}]


OLD_MAC = {
    "a.csv": ("text,label\r一\u2028二,x\r", [{"text": "一\u2028二", "label": "x"}]),
    "b.csv": ('text,label\r"a\rb",x\rc,y', [{"text": "a\nb", "label": "x"}, {"text": "c", "label": "y"}]),
    "c.tsv": ("text\tlabel\r\ra\tx\r", [{"text": "a", "label": "x"}]),
    "d.txt": ("a\x85b\r\rc\r", [{"text": "a\x85b"}, {"text": "c"}]),
    "e.jsonl": ('{"text": "a"}\r{"text": "b"}', [{"text": "a"}, {"text": "b"}]),
    "f.json": ('[{"text": "a"},\r {"text": "b"}]\r', [{"text": "a"}, {"text": "b"}]),
    "g.bio": ("a B-X\rb O\r\rc O", [{"tokens": ["a", "b"], "tags": ["B-X", "O"]}, {"tokens": ["c"], "tags": ["O"]}]),
}


@pytest.mark.parametrize("name", OLD_MAC)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_where_no_line_ends_otherwise_carriage_returns_end_lines(tmp_path, name, encoding):
    content, rows = OLD_MAC[name]
    (tmp_path / name).write_bytes(content.encode(encoding))
    assert rows_of(tmp_path / name) == rows


def test_a_file_of_one_line_stays_one_line(tmp_path):
    assert list(encoding.lines(write(tmp_path, "a.txt", "a\u2028b\r"))) == ["a\u2028b\r"]
    assert list(encoding.lines(write(tmp_path, "b.txt", "a\rb\n"))) == ["a\rb\n"]
    assert list(encoding.lines(write(tmp_path, "c.txt", "a\nb\rc"))) == ["a\n", "b\rc"]


@pytest.mark.parametrize(
    ("name", "content", "row"),
    [
        ("a.csv", "text,label\ra,x\rb,y\n", 0),
        ("a.csv", "text,label\na,x\rb,y\r", 1),
        ("a.jsonl", '{"text": "a"}\r{"text": "b"}\n', 1),
    ],
)
def test_carriage_returns_beside_newlines_are_named(tmp_path, name, content, row):
    with pytest.raises(DataError, match=r"end rows with \\n, not with \\r") as refusal:
        rows_of(write(tmp_path, name, content))
    assert (refusal.value.file, refusal.value.row) == (name, row)


def test_a_header_may_hold_a_carriage_return(tmp_path):
    assert rows_of(write(tmp_path, "a.csv", '"te\rxt"\na\n')) == [{"te\rxt": "a"}]


def test_headers(tmp_path):
    path = write(tmp_path, "train.csv", ",text,label,\n0,a,b,\n")
    assert rows_of(path) == [{"column 1": "0", "text": "a", "label": "b", "column 4": ""}]
    with pytest.raises(DataError, match="'text': two columns"):
        rows_of(write(tmp_path, "twice.csv", "text,text\na,b\n"))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("text;label", {"text": "a, b", "label": "c"}),
        ("text\tlabel", {"text": "a, b", "label": "c"}),
    ],
)
def test_delimiters_come_from_the_header(tmp_path, header, expected):
    mark = header[4]
    assert rows_of(write(tmp_path, "train.csv", f"{header}\na, b{mark}c\n")) == [expected]


@pytest.mark.parametrize(
    ("name", "content", "row"),
    [
        ("a.jsonl", '{"text": "a"}\n{"text": "b"\n', 2),
        ("a.jsonl", '{"text": "a"}\n\n["b"]\n', 3),
        ("a.json", '[{"text": "a"}, 3]', 2),
        ("a.json", '[\n{"text": "a"},\n{"text" "b"}]', 3),
        ("a.jsonl", "[" * 100_000, 1),
        ("a.jsonl", '{"text": ' + "1" * 5000 + "}", 1),
    ],
)
def test_bad_json_names_the_row(tmp_path, name, content, row):
    with pytest.raises(DataError) as refusal:
        rows_of(write(tmp_path, name, content))
    assert refusal.value.row == row


@pytest.mark.parametrize("content", ['{"text": 1,\n"label": 2}', '"text"', "3"])
def test_json_of_another_shape_is_refused(tmp_path, content):
    with pytest.raises(DataError, match="neither a list"):
        rows_of(write(tmp_path, "a.json", content))


def test_paths_that_are_no_data(tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        read_rows(tmp_path)
    with pytest.raises(DataError, match="no such file"):
        read_rows(tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"'\.doc' is not known.*\.csv, \.tsv"):
        read_rows(write(tmp_path, "a.doc", "x"))


@pytest.mark.parametrize("end", PACKERS)
def test_a_damaged_packed_file_is_refused(tmp_path, end):
    path = tmp_path / f"a.csv{end}"
    path.write_bytes(PACKERS[end](b"text,label\na,b\n" * 1000)[:-20])
    with pytest.raises(DataError, match="cannot be read"):
        rows_of(path)


@pytest.mark.parametrize("packed", [False, True])
def test_xlsx(tmp_path, packed):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["text", "label", None], ["你好", 1], ["a\nb", 2.0], [None, None], [3.5, True]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    path = write(tmp_path, "b.xlsx.gz", (tmp_path / "a.xlsx").read_bytes()) if packed else tmp_path / "a.xlsx"
    found = list(examples(path, need_label=True))
    assert [(row.text, row.label, row.row) for row in found] == [
        ("你好", "1", 1),
        ("a\nb", "2", 2),
        ("3.5", "true", 4),
    ]
    book.active.append(["x", "y", "z"])
    book.save(tmp_path / "ragged.xlsx")
    with pytest.raises(DataError, match="row 5: it has cells beyond"):
        rows_of(tmp_path / "ragged.xlsx")


@pytest.mark.parametrize("packed", [False, True])
def test_parquet(tmp_path, packed):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({"text": ["a\u2028b", None] * 1500, "label": [1.0, math.nan] * 1500})
    parquet.write_table(table, tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    path = write(tmp_path, "b.parquet.gz" if packed else "b.parquet", content)
    found = list(examples(path, need_label=True))
    assert len(found) == 3000
    assert found[-2:] == [Example("a\u2028b", "1", path.name, 2999), Example("", None, path.name, 3000)]


@pytest.mark.parametrize(("name", "library"), [("a.xlsx", "openpyxl"), ("a.parquet", "pyarrow")])
def test_missing_libraries(tmp_path, monkeypatch, name, library):
    monkeypatch.setitem(__import__("sys").modules, library, None)
    with pytest.raises(DanluError, match=rf"needs {library}.*danlu\[forge\]"):
        rows_of(write(tmp_path, name, b"x"))


# --- columns


def columns(rows, text=None, label=None):
    return find_columns(rows, text=text, label=label, file="train.csv")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"Text": "a", "Label": "b"}, Columns("Text", "Label")),
        (
            {"label": 102, "label_desc": "news_car", "sentence": "s", "keywords": "k", "id": 1},
            ("sentence", "label_desc"),
        ),
        ({"label": "3", "label_des": "打车", "sentence": "s"}, ("sentence", "label_des")),
        ({"label": "car", "label_desc": "about cars", "sentence": "s"}, ("sentence", "label")),
        ({"text": "a", "label": 1, "label_text": "good"}, ("text", "label_text")),
        ({"评论": "好", "情感": "正面"}, ("评论", "情感")),
        ({"target": {"x": 1}, "text": "a", "label": "t"}, ("text", "label")),
        ({"query": "a", "intent": "b", "text": ""}, ("query", "intent")),
        ({"utterance": "a", "category": "b"}, ("utterance", "category")),
        ({"text": "a"}, ("text", None)),
    ],
)
def test_columns_by_name(row, expected):
    found = columns([row])
    assert (found.text, found.label) == (expected if isinstance(expected, tuple) else (expected.text, expected.label))


def test_columns_by_content():
    rows = [
        {"id": f"{n:032x}", "abst": f"a sentence of some words, number {n}", "kind": "ab"[n % 2], "n": n}
        for n in range(20)
    ]
    assert columns(rows) == Columns("abst", "kind")
    assert columns([row | {"other": "xy"[n % 2]} for n, row in enumerate(rows)]) == Columns("abst", None)


def test_named_columns():
    rows = [{"a": "x", "b": "y", "c": "z"}]
    assert columns(rows, "a", "b") == Columns("a", "b")
    assert columns(rows, "A", "B") == Columns("a", "b")
    with pytest.raises(DataError, match=r"no column 'd'.*--label to one of: a, b, c"):
        columns(rows, "a", "d")
    with pytest.raises(DataError, match="field 'a': one column has two roles"):
        columns(rows, "a", "a")
    with pytest.raises(DataError, match="no column looks like text"):
        columns([{"n": 1}])


@pytest.mark.parametrize("names", [("sentence1", "sentence2"), ("text_a", "text_b"), ("premise", "hypothesis")])
def test_pairs_are_found_by_their_names(names):
    row = dict.fromkeys((*names, "label"), "x")
    assert columns([row]) == Columns(names[0], "label", names[1])
    assert columns([row], text=names[0]) == Columns(names[0], "label")
    assert columns([row]).alike == (names[0] != "premise")
    with_none = row | {names[1]: ""}
    assert columns([with_none]) == Columns(names[0], "label") or names[0] == "premise"
    assert columns([with_none]).second is None


def test_any_two_columns_are_a_pair_where_the_user_says_so():
    rows = [{"title": f"title {n}", "content": f"a longer text {n}", "label": "ab"[n % 2]} for n in range(9)]
    assert columns(rows) == Columns("content", "label")
    found = find_columns(rows, text="title", second="content", label=None, file="train.csv")
    assert found == Columns("title", "label", "content")
    assert find_columns(rows, text=None, second="title", label=None, file="f") == Columns("content", "label", "title")
    assert not found.alike
    known = [{"sentence1": "a", "sentence2": "b", "explanation": "the longest of them all", "label": "x"}]
    named = find_columns(known, text=None, second="sentence2", label=None, file="f")
    assert named == Columns("sentence1", "label", "sentence2")
    for bad in ({"second": "body"}, {"second": "content", "text": "content"}, {"second": "label", "label": "label"}):
        with pytest.raises(DataError, match="Fix: "):
            find_columns(rows, **{"text": None, "label": None, "file": "f", **bad})


# --- examples


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (3, "3"),
        (3.0, "3"),
        (3.5, "3.5"),
        (True, "true"),
        (False, "false"),
        (math.nan, None),
        (None, None),
        ("", None),
        ("  \u3000", None),
        (" 正面\u200b ", "正面"),
        ("3.0", "3.0"),
        ("nan", "nan"),
        (math.inf, "inf"),
        (10**20, "1" + "0" * 20),
    ],
)
def test_labels(tmp_path, value, label):
    rows = [{"text": "first", "label": "other"}, {"text": "second", "label": value}]
    path = write(tmp_path, "train.jsonl", "\n".join(map(json.dumps, rows)))
    assert [row.label for row in examples(path, need_label=True)] == ["other", label]


@pytest.mark.parametrize(
    ("value", "text"), [(3, "3"), (True, "true"), (None, ""), (math.nan, ""), ("\ud83d x", "\ufffd x"), ("👍", "👍")]
)
def test_texts(tmp_path, value, text):
    rows = [{"text": "first", "label": "a"}, {"text": value, "label": "b"}, {"label": "a"}]
    path = write(tmp_path, "train.jsonl", "\n".join(map(json.dumps, rows)))
    assert [row.text for row in examples(path, need_label=True)] == ["first", text, ""]


def test_lists_are_neither_text_nor_label(tmp_path):
    path = write(tmp_path, "a.jsonl", '{"text": "a", "label": "x"}\n{"text": "b", "label": ["x", "y"]}\n')
    with pytest.raises(DataError, match="row 2, field 'label': it holds a list"):
        list(examples(path, need_label=True))
    assert [row.label for row in examples(path, need_label=False)] == ["x", None]


@pytest.mark.parametrize("cell", ["", " "])
def test_a_label_column_without_a_label(tmp_path, cell):
    path = write(tmp_path, "train.csv", f"text,label\na,{cell}\nc,{cell}\n")
    with pytest.raises(DataError, match=r"label.*: the column holds no label"):
        list(examples(path, need_label=True))


@pytest.mark.parametrize("named", [{}, {"label": "label"}])
@pytest.mark.parametrize("cell", ['{"x": 1}', "NaN", "null", '""', '["a", "b"]'])
def test_a_text_column_without_a_text(tmp_path, cell, named):
    path = write(tmp_path, "train.jsonl", "".join(f'{{"text": {cell}, "label": "{label}"}}\n' for label in "abab"))
    with pytest.raises(DataError, match=r"field 'text': the column holds no text\. Fix: .*--text"):
        list(examples(path, need_label=True, **named))


def test_texts_may_stand_in_another_column_than_the_one_that_is_called_text(tmp_path):
    path = write(tmp_path, "train.csv", "text,words,label\n,a parcel,x\n,a box,y\n,a card,x\n,money,y\n")
    assert [row.text for row in examples(path, need_label=True)] == ["a parcel", "a box", "a card", "money"]


def test_training_rows_are_capped(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "MAX_ROWS", 2)
    data = load(write(tmp_path, "train.csv", "text,label\na,x\nb,y\nc,x\n"))
    assert [row.text for row in data.train] == ["a", "b"]
    assert data.notes == ("train.csv has more than 2 rows; only the first 2 are used.",)


@pytest.mark.parametrize("role", ["dev", "test"])
@pytest.mark.parametrize("kind", ["labels", "entities"])
def test_dev_and_test_rows_are_capped(tmp_path, monkeypatch, role, kind):
    monkeypatch.setattr(read, "MAX_ROWS", 2)
    labelled = {"labels": {"label": "x"}, "entities": {"entities": [[0, 1, "X"]]}}[kind]
    for name, texts in (("train", "ab"), (role, "cdef")):
        lines = [json.dumps({"text": text, **labelled}) for text in texts]
        write(tmp_path, f"{name}.jsonl", "\n".join(lines))
    data = load(tmp_path)
    assert [row.text for row in getattr(data, role)] == ["c", "d"]
    assert [file.rows for file in data.files] == [2, 2]
    assert data.notes == (f"{role}.jsonl has more than 2 rows; only the first 2 are used.",)


def test_test_rows_beside_names_alone_are_capped(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "MAX_ROWS", 2)
    write(tmp_path, "labels.txt", "x\ny\n")
    write(tmp_path, "unlabeled.txt", "a\nb\n")
    write(tmp_path, "test.csv", "text,label\nc,x\nd,y\ne,x\n")
    data = load(tmp_path)
    assert [row.text for row in data.test] == ["c", "d"]
    assert data.notes == ("test.csv has more than 2 rows; only the first 2 are used.",)


def test_a_missing_label_column(tmp_path):
    path = write(tmp_path, "train.csv", "text,other\na,b\nc,d\n")
    with pytest.raises(DataError, match=r"no column looks like a label.*there are: text, other"):
        list(examples(path, need_label=True))
    assert [row.text for row in examples(path, need_label=False)] == ["a", "c"]


def test_columns_of_another_file(tmp_path):
    path = write(tmp_path, "test.csv", "text,label,topic\na,b,c\n")
    assert [row.label for row in examples(path, need_label=True, columns=Columns("text", "topic"))] == ["c"]
    assert [row.label for row in examples(path, need_label=True, columns=Columns("text", "gone"))] == ["b"]


# --- label lists


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("labels.json", '{"labels": ["体育", "财经"]}', {"体育": "", "财经": ""}),
        ("labels.json", '["a", 3]', {"a": "", "3": ""}),
        ("labels.json", '{"a": "about a", "labels": "about labels"}', {"a": "about a", "labels": "about labels"}),
        ("labels.json", '[{"label": "a", "description": "about a"}, {"label": "b"}]', {"a": "about a", "b": ""}),
        ("labels.json", '{"label": "100", "label_desc": "story"}\n{"label": "101"}', {"100": "story", "101": ""}),
        ("labels.jsonl", '{"label": "a", "desc": "about a"}', {"a": "about a"}),
        ("labels.txt", "a\n\n b \r\nc\tabout c\n", {"a": "", "b": "", "c": "about c"}),
        ("labels.csv", "label,description\na,about a\n", {"a": "about a"}),
        ("labels.csv", "y\nn\n", {"y": "", "n": ""}),
        ("labels.tsv", "a\tb, c\n", {"a": "b, c"}),
        ("labels.txt", "Label\tDescription\na\tabout a\n", {"a": "about a"}),
        ("labels.txt", "name\nplace\n", {"name": "", "place": ""}),
        (
            "labels.csv",
            "name,about names\ncategory,about categories\n",
            {"name": "about names", "category": "about categories"},
        ),
    ],
)
def test_label_names(tmp_path, name, content, expected):
    assert label_names(write(tmp_path, name, content)) == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.json", "3"),
        ("labels.json", "[]"),
        ("labels.json", '[["a"]]'),
        ("labels.json", '[{"name": "a"}]'),
        ("labels.json", "{"),
        ("labels.txt", "a\nb\na\n"),
        ("labels.csv", "a,b,c\n"),
        ("labels.xlsx", "x"),
    ],
)
def test_bad_label_lists(tmp_path, name, content):
    with pytest.raises(DataError, match=r"labels\."):
        label_names(write(tmp_path, name, content))


# --- data sets


def test_load_a_folder(tmp_path):
    write(tmp_path, "train.csv", "text,label\na,x\nb,\nc,y\n")
    write(tmp_path, "valid.tsv", "text\tlabel\nd\tx\n")
    write(tmp_path, "test.jsonl", '{"sentence": "e", "label": "y"}')
    write(tmp_path, "unlabelled.txt.gz", "f\ng\n")
    write(tmp_path, "labels.json", '{"x": "about x", "y": ""}')
    write(tmp_path, "train.log", "not data")
    write(tmp_path, ".test.csv", "not data")
    data = load(tmp_path)
    assert [(row.text, row.label) for row in data.train] == [("a", "x"), ("c", "y")]
    assert data.dev == [Example("d", "x", "valid.tsv", 1)]
    assert data.test == [Example("e", "y", "test.jsonl", 1)]
    assert [row.text for row in data.unlabeled] == ["b", "f", "g"]
    assert data.descriptions == {"x": "about x", "y": ""}
    assert [(file.role, file.rows) for file in data.files] == [
        ("train", 3),
        ("dev", 1),
        ("test", 1),
        ("unlabeled", 2),
        ("labels", 2),
    ]
    assert all(len(file.sha256) == 64 and file.encoding == "utf-8" for file in data.files)
    assert data.columns == Columns("text", "label")
    assert data.notes == ()


def test_load_a_file(tmp_path):
    path = write(tmp_path, "data.csv", "review,stars\na,5\nb,\n")
    other = write(tmp_path, "other.csv", "review,stars\nc,4\n")
    data = load(path, test=other, unlabeled=write(tmp_path, "more.txt", "d\n"), text="review", label="stars")
    assert [row.label for row in (*data.train, *data.test)] == ["5", "4"]
    assert [(row.text, row.label) for row in data.unlabeled] == [("b", None), ("d", None)]


def test_labels_of_unlabeled_rows_are_ignored(tmp_path):
    path = write(tmp_path, "data.csv", "text,label\na,x\nb,y\n")
    data = load(path, unlabeled=write(tmp_path, "u.csv", "text,label\nc,x\n"))
    assert data.unlabeled == [Example("c", None, "u.csv", 1)]


def test_unlabeled_rows_are_capped(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "MAX_ROWS", 3)
    write(tmp_path, "train.csv", "text,label\na,x\n")
    write(tmp_path, "unlabeled.txt", "1\n2\n3\n4\n")
    data = load(tmp_path)
    assert [row.text for row in data.unlabeled] == ["1", "2", "3"]
    assert data.notes == ("unlabeled.txt has more than 3 rows; only the first 3 are used.",)


def test_folders_that_are_no_data_set(tmp_path):
    with pytest.raises(DataError, match=r"no training file.*there is: nothing"):
        load(tmp_path)
    write(tmp_path, "train_0.csv", "text,label\na,x\n")
    with pytest.raises(DataError, match=r"no training file.*train_0\.csv"):
        load(tmp_path)
    write(tmp_path, "train.csv", "text,label\na,x\n")
    write(tmp_path, "train.jsonl", "{}")
    with pytest.raises(DataError, match=r"train\.csv and train\.jsonl could each be the train file"):
        load(tmp_path)
    with pytest.raises(DataError, match="no such file"):
        load(tmp_path / "none")


def test_no_path_leaves_the_folder(tmp_path):
    folder, outside = tmp_path / "data", write(tmp_path, "secret.csv", "text,label\na,x\n")
    folder.mkdir()
    (folder / "train.csv").symlink_to(outside)
    with pytest.raises(DataError, match="outside the folder"):
        load(folder)
    (folder / "train.csv").unlink()
    write(folder, "inner.csv", "text,label\na,x\n")
    (folder / "train.csv").symlink_to(folder / "inner.csv")
    assert len(load(folder).train) == 1


def test_one_file_has_one_role(tmp_path):
    path = write(tmp_path, "train.csv", "text,label\na,x\n")
    with pytest.raises(DataError, match="both train and test"):
        load(path, test=path)


# --- real data


@needs_fewclue
def test_tnews(tmp_path):
    for name in ("train_0.json", "dev_0.json", "test_public.json", "unlabeled.json"):
        target = tmp_path / f"{name.split('.')[0].split('_')[0]}.json"
        target.write_bytes((FEWCLUE / "tnews" / name).read_bytes())
    data = load(tmp_path)
    assert data.columns == Columns("sentence", "label_desc")
    assert [len(rows) for rows in (data.train, data.dev, data.test, data.unlabeled)] == [240, 240, 2010, 20000]
    assert len({row.label for row in data.train}) == 15
    assert all(str(row.label).startswith("news_") for row in data.test)


@needs_fewclue
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("eprstmt", Columns("sentence", "label")),
        ("csldcp", Columns("content", "label")),
        ("cluewsc", Columns("text", "label")),
        ("csl", Columns("abst", "label", "keyword")),
        ("bustm", Columns("sentence1", "label", "sentence2")),
        ("ocnli", Columns("sentence1", "label", "sentence2")),
    ],
)
def test_columns_of_fewclue(name, expected):
    rows = rows_of(FEWCLUE / name / "train_0.json")
    assert find_columns(rows, text=None, label=None, file="train_0.json") == expected


def test_pairs_are_joined_and_lists_of_words_become_a_text(tmp_path):
    rows = [
        {"abst": "first", "keyword": ["a", "b"], "label": "1"},
        {"abst": "sec\x1eond", "keyword": ["c"], "label": "0"},
    ]
    path = write(tmp_path, "train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    data = load(path)
    assert [sides(row.text) for row in data.train] == [("first", "a, b"), ("sec\x1cond", "c")]
    other = write(tmp_path, "test.csv", "text,label\nx,1\n")
    with pytest.raises(DataError, match=r"test.csv: the rows are not pairs of texts, as the training rows are\. Fix: "):
        load(path, test=other)
    with pytest.raises(DataError, match=r"train.jsonl: the rows are pairs of texts, unlike training\. Fix: "):
        load(other, test=path)
    with pytest.raises(DataError, match=r"the rows are pairs of texts \(abst, keyword\)\. Fix: keep one column"):
        single_texts(path)
    assert list(single_texts(path, text="abst")) == ["first", "sec\x1cond"]
    numbers = write(tmp_path, "numbers.jsonl", json.dumps({**rows[0], "keyword": [1]}) + "\n")
    with pytest.raises(DataError, match=r"numbers\.jsonl, row 1, field 'keyword': it holds a list"):
        load(numbers)


def test_no_single_text_looks_like_a_pair(tmp_path):
    path = write(tmp_path, "train.jsonl", json.dumps({"text": "one\x1eother\x1f", "label": "x"}) + "\n")
    assert [sides(row.text) for row in load(path).train] == [("one\x1cother\0",)]


# --- names of labels alone


def names_only(folder: Path, labels: str = "good\nbad\n", name: str = "labels.txt") -> Path:
    write(folder, name, labels)
    write(folder, "unlabeled.csv", "id,text\n1,a\n2,b\n")
    return folder


def test_names_stand_for_a_training_file(tmp_path):
    data = load(names_only(tmp_path))
    assert data.names_only
    assert data.descriptions == {"good": "", "bad": ""}
    assert (data.train, data.dev, data.test) == ([], [], [])
    assert data.unlabeled == [Example("a", None, "unlabeled.csv", 1), Example("b", None, "unlabeled.csv", 2)]
    assert data.columns == Columns("text", None)
    assert sorted(file.role for file in data.files) == ["labels", "unlabeled"]
    write(tmp_path, "test.csv", "sentence,label\nc,good\n")
    assert load(tmp_path).test == [Example("c", "good", "test.csv", 1)]


@pytest.mark.parametrize(
    "header",
    [
        "name,description",
        "Label,Description",
        "名称,说明",
        "标签,描述",
        "类别,说明",
        "category,desc",
        "name",
        "LABEL",
        "名称",
    ],
)
@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_a_header_of_a_label_list_is_no_label(tmp_path, header, kind):
    rows = [header, *(["good,it is liked", "bad,it is not"] if "," in header else ["good", "bad"])]
    written = "\n".join(rows).replace(",", "\t" if kind == "tsv" else ",")
    assert list(load(names_only(tmp_path, written + "\n", f"labels.{kind}")).descriptions) == ["good", "bad"]


def test_names_are_given_beside_a_file_of_texts(tmp_path):
    texts = write(tmp_path, "texts.txt", "a\nb\n")
    data = load(None, unlabeled=texts, labels=["a good review", "差评"])
    assert data.names_only
    assert data.descriptions == {"a good review": "", "差评": ""}
    assert [row.text for row in data.unlabeled] == ["a", "b"]
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder, "unlabeled.txt", "a\n")
    assert list(load(folder, labels=["x", "y"]).descriptions) == ["x", "y"]


def test_a_training_file_needs_no_names(tmp_path):
    write(names_only(tmp_path), "train.csv", "text,label\na,good\n")
    assert not load(tmp_path).names_only
    with pytest.raises(DataError, match=r"train\.csv: its rows have labels of their own\. Fix: leave --labels out"):
        load(tmp_path, labels=["good", "bad"])


@pytest.mark.parametrize(
    ("name", "labels", "message"),
    [
        (
            "labels.txt",
            "good\nbad\n\ngood\n",
            r"labels\.txt, row 4, field 'label': the label 'good' stands twice\. Fix",
        ),
        ("labels.csv", "label,description\n,nice\nbad,\n", r"labels\.csv, row 1, field 'label': a description without"),
        ("labels.txt", "\n", r"labels\.txt: the list holds no labels\. Fix: "),
    ],
)
def test_label_lists_that_name_too_much_or_too_little(tmp_path, name, labels, message):
    with pytest.raises(DataError, match=message):
        load(names_only(tmp_path, labels, name))


def test_what_names_cannot_stand_for(tmp_path):
    with pytest.raises(
        DataError, match=r"no labelled rows and no names of labels\. Fix: give DATA, or texts and names"
    ):
        load(None, unlabeled=write(tmp_path, "texts.txt", "a\n"))
    with pytest.raises(DataError, match="neither labelled rows nor texts"):
        load(None, labels=["good", "bad"])
    with pytest.raises(DataError, match=r"--labels'?: the label 'x' stands twice"):
        load(None, unlabeled=tmp_path / "texts.txt", labels=["x", "x "])
    with pytest.raises(DataError, match=r"the label '.*texts\.txt' is a file\. Fix: put DATA before --labels"):
        load(None, labels=["x", "y", str(tmp_path / "texts.txt")])
    for several in ("good,bad", "好评、差评", "好评，差评"):
        with pytest.raises(DataError, match=rf"'{several}' is one label\. Fix: write spaces between labels"):
            load(None, unlabeled=tmp_path / "texts.txt", labels=[several])
    assert len(load(None, unlabeled=tmp_path / "texts.txt", labels=["x" * 5_000, "good,bad"]).descriptions) == 2
    with pytest.raises(DataError, match=r"--label'?: it names the column of labels in a test file, and there is none"):
        load(None, unlabeled=tmp_path / "texts.txt", labels=["x", "y"], label="topic")
    with pytest.raises(DataError, match="label 2 is empty"):
        load(None, unlabeled=tmp_path / "texts.txt", labels=["x", " "])
    with pytest.raises(DataError, match="single texts with one label each"):
        load(names_only(tmp_path), task="several")
    with pytest.raises(DataError, match=r"labels\.txt: labels are named in this file and by --labels"):
        load(tmp_path, labels=["x", "y"])
    write(tmp_path, "dev.csv", "text,label\na,good\n")
    with pytest.raises(DataError, match=r"dev\.csv: dev rows choose among models .* Fix: call the file train"):
        load(tmp_path)
    (tmp_path / "dev.csv").unlink()
    write(tmp_path, "unlabeled.csv", "sentence1,sentence2\na,b\n")
    with pytest.raises(DataError, match=r"unlabeled\.csv: the rows are pairs of texts"):
        load(tmp_path)


TWO = {"sentence1": "where is it", "sentence2": "it is late", "label": "1"}
BOTH = {"text": "ask Ann", "label": "ask", "entities": [{"start": 4, "end": 7, "type": "person"}]}
ASKED = {"question": "who came", "options": ["Ann", "Bob"], "answer": "Ann", "label": "easy"}


@pytest.mark.parametrize(
    ("row", "task", "found"),
    [
        (TWO, None, ("pair", "1")),
        (TWO, "pairs", ("pair", "1")),
        (BOTH, None, ("text", "spans")),
        (BOTH, "entities", ("text", "spans")),
        (BOTH, "classification", ("text", "ask")),
        (ASKED, None, ("options", "Ann")),
        (ASKED, "choice", ("options", "Ann")),
        (ASKED, "classification", ("text", "easy")),
    ],
)
def test_who_names_the_task_has_the_last_word(tmp_path, row, task, found):
    other = {**row, "label": "2"} if row is TWO else {**row, "label": "tell"}
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(each) + "\n" for each in (row, other)))
    dataset = load(tmp_path, task=task)
    first = dataset.train[0]
    kind = "options" if dataset.columns.options else "pair" if dataset.columns.second else "text"
    assert (kind, "spans" if first.spans is not None else first.label) == found


@pytest.mark.parametrize(
    ("task", "options", "said"),
    [
        ("pairs", {}, r"no two columns look like the texts of a pair.*--text and --second; there are: text, label"),
        ("choice", {}, r"no column looks like options.*'options'"),
        ("entities", {}, r"no column marks entities.*--label"),
        ("entities", {"second": "label"}, r"rows with marked entities have no second text"),
    ],
)
def test_a_task_that_rows_do_not_hold_is_refused(tmp_path, task, options, said):
    (tmp_path / "train.csv").write_text("text,label\nask Ann,ask\ntell Bob,tell\n")
    with pytest.raises(DataError, match=rf"train\.csv.*{said}"):
        load(tmp_path, task=task, **options)


SINGLE = {"text": "ask Ann", "label": "ask"}
UNLIKE = {"pairs": (TWO, "are not pairs of texts, as the training rows are"), "choice": (ASKED, "have no options, as")}


@pytest.mark.parametrize("task", UNLIKE)
@pytest.mark.parametrize("role", ["dev", "test", "unlabeled"])
def test_rows_unlike_the_training_rows_are_called_so_also_where_the_task_is_named(tmp_path, task, role):
    row, said = UNLIKE[task]
    write(tmp_path, "train.jsonl", f"{json.dumps(row)}\n")
    write(tmp_path, f"{role}.jsonl", f"{json.dumps(SINGLE)}\n")
    with pytest.raises(DataError, match=rf"{role}\.jsonl: the rows {said}.*Fix: give it the columns of the training"):
        load(tmp_path, task=task)


@pytest.mark.parametrize("role", ["test", "unlabeled"])
def test_who_names_another_task_says_of_no_file_that_it_holds_questions(tmp_path, role):
    write(tmp_path, "train.jsonl", f"{json.dumps(SINGLE)}\n")
    write(tmp_path, f"{role}.jsonl", f"{json.dumps(ASKED)}\n")
    (found,) = getattr(load(tmp_path, task="classification"), role)
    assert found.text == "who came"
    with pytest.raises(DataError, match="are questions with options, unlike training rows"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("second", "fix"), [(None, "with --label, or leave --task out"), ("label", "leave --second or")]
)
def test_entities_that_are_not_there_are_mended_by_what_was_given(tmp_path, second, fix):
    path = write(tmp_path, "train.csv", "text,label\nask Ann,ask\n")
    with pytest.raises(DataError, match=f"Fix: .*{fix}"):
        load(path, task="entities", second=second)
