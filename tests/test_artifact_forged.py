"""Damaged, foreign and forged model files: every one is refused with a sentence, before anything in it is used."""

from __future__ import annotations

import io
import json
import warnings
import zipfile

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import danlu
from danlu import archive
from danlu.archive import ENTRIES, MANIFEST, pack, unpack
from danlu.errors import ArtifactError

SMALL_ENTRIES = {name: f"{name}!".encode() for name in ENTRIES}
SMALL = pack(SMALL_ENTRIES)


def test_the_same_entries_give_the_same_bytes_and_come_back(toy_entries, toy_files):
    assert unpack(SMALL) == SMALL_ENTRIES
    for name, entries in toy_entries.items():
        assert pack(entries) == toy_files[name].read_bytes()
        assert unpack(pack(entries)) == entries


@settings(max_examples=400)
@given(st.integers(0, len(SMALL) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused(position, mask):
    damaged = SMALL[:position] + bytes([SMALL[position] ^ mask]) + SMALL[position + 1 :]
    with pytest.raises(ArtifactError, match="Fix: "):
        unpack(damaged)


@given(st.integers(0, len(SMALL) - 1), st.integers(0, len(SMALL)), st.binary(min_size=1, max_size=30))
def test_a_cut_extended_or_stuffed_file_is_refused(cut, place, more):
    for damaged in (SMALL[:cut], SMALL[cut + 1 :], SMALL + more, more + SMALL, SMALL[:place] + more + SMALL[place:]):
        with pytest.raises(ArtifactError, match="Fix: "):
            unpack(damaged)


def zipped(entries, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", compression) as archive:
        warnings.simplefilter("ignore")  # zipfile warns of a name that stands twice
        for entry, data in entries:
            archive.writestr(entry, data)
    return buffer.getvalue()


def far_away():
    """A directory whose last entry begins beyond every file, as zip64 can say."""
    end = SMALL.rindex(b"PK\x05\x06")
    last = SMALL.rindex(b"PK\x01\x02")
    extra = b"\x01\x00\x08\x00" + b"\xff" * 8
    entry = SMALL[last : last + 30] + b"\x0c\x00" + SMALL[last + 32 : last + 42] + b"\xff" * 4 + SMALL[last + 46 : end]
    size = int.from_bytes(SMALL[end + 12 : end + 16], "little") + len(extra)
    return SMALL[:last] + entry + extra + SMALL[end : end + 12] + size.to_bytes(4, "little") + SMALL[end + 16 :]


GOOD = [(MANIFEST, zipfile.ZipFile(io.BytesIO(SMALL)).read(MANIFEST)), *SMALL_ENTRIES.items()]
FORGERIES = {
    "no zip": b"hello",
    "nothing": b"",
    "empty zip": zipped([]),
    "without card": zipped([entry for entry in GOOD if entry[0] != "card.json"]),
    "one more": zipped([*GOOD, ("more.txt", b"")]),
    "twice": zipped([*GOOD, GOOD[-1]]),
    "other order": zipped(GOOD[::-1]),
    "compressed": zipped(GOOD, zipfile.ZIP_DEFLATED),
    "other writer": zipped(GOOD),
    "up the tree": zipped([(f"../{entry}", data) for entry, data in GOOD]),
    "from the root": zipped([(f"/{entry}", data) for entry, data in GOOD]),
    "deep manifest": zipped([(MANIFEST, b"[" * 100_000), *GOOD[1:]]),
    "list manifest": zipped([(MANIFEST, b"[]"), *GOOD[1:]]),
    "far away": far_away(),
}


@pytest.mark.parametrize("kind", FORGERIES)
def test_a_foreign_or_forged_zip_is_refused(kind):
    with pytest.raises(ArtifactError, match="Fix: "):
        unpack(FORGERIES[kind])


def test_another_format_is_refused(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(archive, "FORMAT", 1)
        data = pack(SMALL_ENTRIES)
    with pytest.raises(ArtifactError, match=f"format is not {archive.FORMAT}"):
        unpack(data)


def pointing(key, path):
    """A graph that adds a tensor stored in another file; `key` is how the pointer's key is encoded."""

    def field(number, payload):
        return bytes([number << 3 | 2, len(payload)]) + payload

    shape = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [3]) for name in "xy"]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Add", ["x", "w"], ["y"])], "g", shape[:1], shape[1:])
    tensor = b"\x08\x03\x10\x01" + field(8, b"w") + field(13, key + field(2, path)) + b"\x70\x01"
    head = onnx.helper.make_model(onnx.GraphProto(), ir_version=10).SerializeToString()
    return head + field(7, graph.SerializeToString() + field(5, tensor))


@pytest.mark.parametrize("key", [b"\x0a\x08location", b"\x0a\x88\x00location", b"\x8a\x00\x08location"])
@pytest.mark.parametrize("path", [b"/etc/hostname", b"../secret", b"weights.bin"])
def test_a_graph_that_points_to_another_file_is_refused(key, path, toy_entries, tmp_path):
    graph = pointing(key, path)
    (tensor,) = onnx.load_model_from_string(graph).graph.initializer
    assert (tensor.external_data[0].key, tensor.external_data[0].value) == ("location", path.decode())
    (tmp_path / "m.danlu").write_bytes(pack({**toy_entries["ngram"], "model.onnx": graph}))
    with pytest.raises(ArtifactError, match="points to other files"):
        danlu.load(tmp_path / "m.danlu")


def test_our_own_graphs_hold_nothing_that_looks_like_a_pointer(toy_entries):
    assert not any(b"location" in entries["model.onnx"] for entries in toy_entries.values())


def config(**changes):
    good = {"labels": ["a", "b", "c"], "temperature": 1, "abstain_below": 0, "max_chars": 9, "text_length": 32}
    return json.dumps(
        {**good, "token_length": 32, "ngram_bits": 10, "pairing": None, "options": False, "thresholds": [], **changes}
    ).encode()


@pytest.mark.parametrize(
    "changed",
    [
        {"model.onnx": b"no graph"},
        {"model.onnx": b""},
        {"tokenizer.json": b"no tokenizer"},
        {"tokenizer.json": b"\xff"},
        {"card.json": b"no card"},
        {"config.json": b"[]"},
        {"config.json": b"{}"},
        {"config.json": config(more=1)},
        {"config.json": config(text_length=-1)},
        {"config.json": config(text_length=True)},
        {"config.json": config(text_length=10**9)},
        {"config.json": config(temperature=1e-300)},
        {"config.json": config(labels="abc")},
        {"config.json": config(pairing="both")},
        {"config.json": config(pairing=True)},
        {"config.json": config(answers="from 1")},
        {"config.json": config(beside="mention")},
        {"config.json": config(beside=["keywords"], pairing="ordered")},
        {"config.json": config(answers=["from 1"], options=True, pairing="ordered", labels=["right", "wrong"])},
        {"config.json": config(labels=["a", "b"])},
        {"config.json": config(thresholds=[0.5])},
        {"config.json": config(thresholds=[0.5, 0.5, 1.5])},
        {"config.json": config(thresholds=[0.5, 0.5, True])},
        {"config.json": config(thresholds="abc")},
        {"config.json": config(thresholds=None)},
        {"config.json": config(thresholds=[0.5, 0.5, 0.5], options=True, pairing="ordered")},
        {"config.json": config(labels=["a", "b", "c", "d"])},
    ],
)
def test_contents_that_cannot_be_opened_are_refused(changed, toy_entries, tmp_path):
    (tmp_path / "m.danlu").write_bytes(pack({**toy_entries["both"], **changed}))
    with pytest.raises(ArtifactError, match="Fix: "):
        danlu.load(tmp_path / "m.danlu")


def test_what_is_no_file_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "missing.danlu", ""):
        with pytest.raises(ArtifactError, match=r"is not a file\. Fix: "):
            danlu.load(path)
