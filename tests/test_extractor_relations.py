"""A model file that finds entities and what holds between them: exact, the same as its network, never forged."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import danlu
from danlu.adapt import span
from danlu.archive import pack, save
from danlu.artifact import Extractor
from danlu.compress.distil_spans import distil
from danlu.compress.export import spans_to_onnx, to_int8
from danlu.errors import ArtifactError
from danlu.evals.relations import relations_of, summary
from danlu.factory.extract_links import named, related
from danlu.text.pieces import read
from danlu.train.spans import Training

LABELS, LINKS = ("parcel", "praise", "refund"), ("before", "earns")
TEXTS = st.text(st.sampled_from([*"包裹快递退款 parcelbox late\n，。😀👍🏽", "\ud83d"]), max_size=80)


@pytest.fixture(scope="module")
def model(toy_linker, tmp_path_factory):
    path = tmp_path_factory.mktemp("links") / "links.danlu"
    save(path, toy_linker[0])
    found = danlu.load(path)
    assert isinstance(found, Extractor)
    return found


def gold(rows, links_of):
    """The relations of toy rows, as those of an answer are compared."""
    out = []
    for _, marks in rows:
        ends = [(start, end, LABELS[kind]) for start, end, kind in marks.tolist()]
        out.append({(ends[h], ends[t], LINKS[q]) for h, t, q in np.argwhere(links_of(marks)).tolist()})
    return out


def figures(model, rows, links_of):
    answers = model.predict([text for text, _ in rows])
    return summary(gold(rows, links_of), [relations_of(answer.relations) for answer in answers], LINKS)


def test_it_learns_which_way_a_relation_leads(model, make_marked, links_of_marked):
    assert figures(model, make_marked(80, 2), links_of_marked)["f1"] > 0.6


def test_a_student_and_an_int8_file_keep_relations(toy_linker, make_marked, links_of_marked):
    entries, small, reading, network = toy_linker
    rows = make_marked(60, 3)
    pieces = [
        piece
        for tokens, (_, marks) in zip(read(small.tokenizer, [text for text, _ in rows]), rows, strict=True)
        for piece in span.encode(tokens, marks, reading, links_of_marked(marks))
    ]
    student = distil(network, 1, pieces, np.ones(len(pieces), np.float32), reading, Training(80, 16, 1e-3, 1e-3))
    for graph in (spans_to_onnx(student), to_int8(entries["model.onnx"])):
        model = Extractor("x", {**entries, "model.onnx": graph})
        assert figures(model, make_marked(80, 2), links_of_marked)["f1"] > 0.4


def test_its_file_answers_as_its_network_does(toy_linker, model, make_marked):
    _, small, reading, network = toy_linker
    texts = [text for text, _ in make_marked(20, 4)] + ["", "我的包裹😀退款 " * 30, "\ud83d box refund"]
    ours = span.predict(network, read(small.tokenizer, texts), reading)
    for answer, found in zip(model.predict(texts), ours, strict=True):
        assert relations_of(answer.relations) == set(named(related(found, 0.0, 0.0, nested=False), LABELS, LINKS))
        assert all(0.5 - 1e-6 <= each.probability <= 1 for each in answer.relations or ())


@given(TEXTS)
@settings(max_examples=40)
def test_both_ends_are_entities_of_the_text_and_of_types_that_go_together(model, text):
    (answer,) = model.predict([text])
    assert answer.relations is not None
    for each in answer.relations:
        assert each.head in answer.spans
        assert each.tail in answer.spans
        assert each.head != each.tail
        assert (each.head.type, each.tail.type) == ("parcel", "refund" if each.type == "before" else "praise")
    assert len(relations_of(answer.relations)) == len(answer.relations)


def test_the_end_of_a_long_text_is_read_and_each_relation_stands_once(model):
    text = "the my is was please today " * 60
    answer = model.predict([text + "parcel refund"])[0]
    ends = [(each.head.end, each.tail.end) for each in answer.relations or ()]
    assert len(ends) == len(set(ends))
    assert (len(text) + 6, len(text) + 13) in ends


def test_a_network_is_read_back(toy_linker):
    _, small, reading, network = toy_linker
    stored = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    again = span.restored(small.model, stored, len(LABELS), reading.widest, 2)
    tokens = read(small.tokenizer, ["my parcel is late refund"])
    one, other = (span.predict(each, tokens, reading)[0] for each in (network, again))
    assert one.links.tolist() == other.links.tolist() != []


def test_a_model_without_relations_has_none(toy_extractor):
    assert Extractor("x", toy_extractor).predict(["my parcel"])[0].relations is None


FORGED = {
    "labels": [
        [],
        ["before", "before"],
        ["before"],
        ["before", "earns", "more"],
        [1, 2],
        "be",
        {"a": 1, "b": 2},
        [["a"], "b"],
        None,
    ],
    "triples": [
        [],
        [[0, 0, 3]],
        [[0, 2, 0]],
        [[-1, 0, 0]],
        [[0, 0]],
        [[0, 0, 2], [0, 0, 2]],
        [[0, 0, True]],
        3,
        ["000"],
        [[0, 0, [2]]],
        {},
    ],
    "scale": [0, float("nan"), "1"],
    "shift": [11.0, None],
    "threshold": [0, 1.5],
    "more": [1],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in FORGED.items() for value in values])
def test_forged_settings_are_refused(toy_linker, tmp_path, name, value):
    entries = toy_linker[0]
    config = json.loads(entries["config.json"])
    config["links"][name] = value
    forged = {**entries, "config.json": json.dumps(config).encode()}
    path = tmp_path / "forged.danlu"
    path.write_bytes(pack(forged))
    with pytest.raises(ArtifactError):
        danlu.load(path)
    with pytest.raises(ArtifactError):
        Extractor("x", forged)


@pytest.mark.parametrize("links", [None, [], "links", {}, {"labels": ["a"]}])
def test_settings_of_relations_that_are_no_object_or_lack_a_part_are_refused(toy_linker, links):
    config = {**json.loads(toy_linker[0]["config.json"]), "links": links}
    with pytest.raises(ArtifactError, match="not what danlu writes"):
        Extractor("x", {**toy_linker[0], "config.json": json.dumps(config).encode()})


def test_a_table_that_no_memory_holds_is_never_made(toy_linker):
    config = json.loads(toy_linker[0]["config.json"])
    config["labels"] = [str(number) for number in range(20_000)]
    with pytest.raises(ArtifactError, match="not what danlu writes"):
        Extractor("x", {**toy_linker[0], "config.json": json.dumps(config).encode()})


def test_a_graph_that_does_not_fit_its_settings_is_refused(toy_linker, toy_extractor):
    config = json.loads(toy_linker[0]["config.json"])
    without = {key: value for key, value in config.items() if key != "links"}
    for entries in (
        {**toy_linker[0], "config.json": json.dumps(without).encode()},
        {**toy_linker[0], "model.onnx": toy_extractor["model.onnx"]},
    ):
        with pytest.raises(ArtifactError, match="do not match its graph"):
            Extractor("x", entries)
