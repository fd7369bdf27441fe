"""The general extractor, asked: exact offsets, any types, and sentences for mistakes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch

from danlu.errors import OptionError
from danlu.factory import ask_types
from danlu.factory.ask_types import find
from danlu.models import open_span
from danlu.models.open_span import OpenSettings, OpenSpans, save_open_spans

TEXTS = ["the box is late", "again", "我的包裹 is late 😀 again"]


@pytest.fixture
def base(tiny_base, monkeypatch, tmp_path):
    config = tiny_base.model.config
    torch.manual_seed(3)
    model = OpenSpans(config.hidden_size, config.num_hidden_layers, config.intermediate_size)
    torch.nn.init.zeros_(model.bias.bias)
    torch.nn.init.normal_(model.weigh.weight, std=0.5)
    save_open_spans(model, OpenSettings(1.0, 0.0, -1.0), tiny_base.sha256, tmp_path)
    monkeypatch.setattr(open_span, "EXTRACTOR", tmp_path)
    monkeypatch.setattr(ask_types, "_opened", lambda: tiny_base)
    return tiny_base


def test_what_is_found_lies_in_the_text_and_is_of_the_types(base):
    seen = []
    found = find(TEXTS, ["place", "company"], progress=seen.append)
    assert [each.text for each in found] == TEXTS
    assert sum(seen) == len(TEXTS)
    spans = [(each.text, span) for each in found for span in each.spans]
    assert spans  # the threshold is low
    for text, span in spans:
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end].strip()
        assert span.type in {"place", "company"}
        assert 0 <= span.probability <= 1
    for each in found:
        ordered = sorted(each.spans, key=lambda span: span.start)
        assert list(each.spans) == ordered
        assert all(a.end <= b.start for a, b in itertools.pairwise(ordered))


def test_long_texts_are_read_to_their_end(base):
    text = "the box is late . " * 120
    (found,) = find([text], ["place"])
    assert max(span.end for span in found.spans) > 0.9 * len(text)


@pytest.mark.parametrize(
    ("types", "message"), [([], "no type"), (["place", " "], "type is empty"), (["a", "b", "A"], "'a' is given twice")]
)
def test_mistakes(base, types, message):
    with pytest.raises(OptionError, match=message):
        find(["x"], types)


def test_an_empty_text_is_refused(base):
    with pytest.raises(OptionError, match="Text 2 is empty"):
        find(["x", " "], ["place"])


def test_types_are_given_back_as_they_are_read(base):
    (found,) = find(["the box is late"], [" place "])
    assert {span.type for span in found.spans} == {"place"}


def test_the_packages_own_finds_what_anybody_would():
    first, second = find(
        ["She flew from France to 北京 on 3 March 2024.", "李克强会见古特雷斯"], ["country", "date", "人名"]
    )
    assert ("France", "country") in {(first.text[span.start : span.end], span.type) for span in first.spans}
    assert ("3 March 2024", "date") in {(first.text[span.start : span.end], span.type) for span in first.spans}
    assert ("李克强", "人名") in {(second.text[span.start : span.end], span.type) for span in second.spans}


def test_another_base_has_no_general_extractor(base):
    with pytest.raises(OptionError, match="belongs to the embedded encoder"):
        find(["x"], ["place"], base=replace(base, sha256="another"))
