"""A model file that finds entities: exact offsets, texts of any length, and nothing forged is opened."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import danlu
from danlu.archive import pack, save, unpack
from danlu.artifact import Extractor
from danlu.errors import ArtifactError, OptionError

TEXTS = st.text(st.sampled_from([*"包裹快递退款 parcelbox late\n，。😀👍🏽", "\ud83d"]), max_size=80)


@pytest.fixture(scope="module")
def entries(toy_extractor):
    return toy_extractor


@pytest.fixture(scope="module")
def model(entries, tmp_path_factory):
    path = tmp_path_factory.mktemp("spans") / "spans.danlu"
    save(path, entries)
    found = danlu.load(path)
    assert isinstance(found, Extractor)
    return found


@given(TEXTS)
@settings(max_examples=60)
def test_offsets_are_characters_of_the_text_as_given(model, text):
    (answer,) = model.predict([text])
    assert answer.text == text
    for span in answer.spans:
        assert 0 <= span.start < span.end <= len(text)
        assert answer.surface(span).strip() == answer.surface(span) != ""
        assert span.type in model.labels
        assert model.settings.threshold - 1e-4 <= span.probability <= 1
    for one, other in zip(answer.spans, answer.spans[1:], strict=False):
        assert one.end <= other.start  # it learned from flat rows


def test_what_it_finds_does_not_depend_on_the_other_texts(model):
    texts = ["my parcel is late", "我的包裹", "", "x" * 500, "退款 " * 100]
    together = model.predict(texts)
    assert [[(s.start, s.end, s.type) for s in each.spans] for each in together] == [
        [(s.start, s.end, s.type) for s in model.predict([text])[0].spans] for text in texts
    ]


def test_the_end_of_a_long_text_is_read(model):
    text = "the my is was please today " * 60
    assert model.predict([text + "parcel"])[0].spans[-1].end == len(text) + 6


def test_it_takes_a_list_of_strings(model):
    with pytest.raises(OptionError, match="one string"):
        model.predict("text")
    with pytest.raises(OptionError, match="Text 1 is int"):
        model.predict(["a", 3])
    assert model.predict([]) == []


FORGED = {
    "labels": [["parcel", "parcel", "refund"], [], ["parcel", "praise"], [1, 2, 3]],
    "scale": [0, -1.0, 0.01, 11.0, float("inf"), "1", True],
    "shift": [float("nan"), float("-inf"), -11.0, 1e300, None],
    "threshold": [0, 1, 1e-300, 0.999, 1.5, "0.5"],
    "window": [1, 2.5, 10**9, -3],
    "widest": [0, -1, 10**9, 3.0, 2],
    "nested": [0, "no", None],
    "more": [1],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in FORGED.items() for value in values])
def test_forged_settings_are_refused(entries, tmp_path, name, value):
    config = json.loads(entries["config.json"]) | {name: value}
    path = tmp_path / "forged.danlu"
    path.write_bytes(pack({**entries, "config.json": json.dumps(config).encode()}))
    with pytest.raises(ArtifactError):
        danlu.load(path)


def test_a_changed_byte_is_refused(entries):
    data = bytearray(pack(entries))
    data[len(data) // 2] ^= 1
    with pytest.raises(ArtifactError):
        unpack(bytes(data))


def test_candidates_are_all_that_is_above_the_floor(model):
    (low,), (high,) = (model.candidates(["my parcel is late"], floor) for floor in (-3.0, 0.0))
    assert len(low.logits) >= len(high.logits) > 0
    assert (low.logits > -3).all()
    assert (np.diff(low.logits) <= 0).all()
