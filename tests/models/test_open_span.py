"""The general extractor: networks made of names, what is added to an encoder, and that it is stored whole."""

from __future__ import annotations

import pytest
import torch

from danlu.errors import OptionError
from danlu.models import open_span
from danlu.models.open_span import WIDEST, OpenSettings, OpenSpans, open_settings, open_spans, save_open_spans
from danlu.models.span import SpanNetwork, stretch_logits

SETTINGS = OpenSettings(0.5, -0.25, 0.75)
IDS = torch.tensor([[5, 9, 12, 7, 11, 6]])


def spans(base):
    """One with something added to every matrix, and maps that tell names apart."""
    config = base.model.config
    torch.manual_seed(3)
    model = OpenSpans(config.hidden_size, config.num_hidden_layers, config.intermediate_size)
    for name, parameter in model.named_parameters():
        if name.endswith("left") or name.startswith(("shapes", "weigh")):
            torch.nn.init.normal_(parameter, std=0.1)
    return model.eval()


def names(base, count=3):
    torch.manual_seed(4)
    return torch.nn.functional.normalize(torch.randn(count, base.model.config.hidden_size), dim=-1)


def hidden(model, ids=IDS):
    with torch.inference_mode():
        return model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state


def test_what_is_added_says_the_same_beside_a_matrix_and_inside(tiny_base_folder):
    from danlu.models.base import open_base

    base = open_base(str(tiny_base_folder))  # of its own: it is changed
    model = spans(base)
    before, inside = hidden(base.model), hidden(model.adapted(base.model))
    assert (hidden(base.model) - before).abs().max() == 0  # the encoder is left as it is
    model.attach(base.model)
    assert (inside - before).abs().max() > 1e-2
    assert torch.allclose(hidden(base.model), inside, atol=1e-5)


def test_only_what_is_added_learns(tiny_base_folder):
    from danlu.models.base import open_base

    base = open_base(str(tiny_base_folder))
    base.model.requires_grad_(False)
    model = spans(base)
    model.attach(base.model)
    base.model(input_ids=IDS).last_hidden_state.sum().backward()
    assert all(p.grad is not None for p in model.added.parameters())
    learning = {id(p) for p in model.added.parameters()}
    assert {id(p) for p in base.model.parameters() if p.requires_grad} == learning


def test_a_network_scores_as_the_weights_it_is_made_of(tiny_base):
    model, vectors = spans(tiny_base), names(tiny_base)
    network = model.network(tiny_base.model, vectors, WIDEST)
    states = torch.randn(2, 6, tiny_base.model.config.hidden_size)
    with torch.inference_mode():
        assert torch.equal(network.score(states), stretch_logits(states, model.weights(vectors)))


def test_types_do_not_depend_on_one_another(tiny_base):
    model, vectors = spans(tiny_base), names(tiny_base)
    shape = torch.zeros_like(IDS)
    with torch.inference_mode():
        whole = model.network(tiny_base.model, vectors, 4)(IDS, torch.ones_like(IDS), shape)
        alone = model.network(tiny_base.model, vectors[1:2], 4)(IDS, torch.ones_like(IDS), shape)
    assert torch.allclose(whole[..., 1:2], alone, atol=1e-5)
    assert (whole[..., 0] - whole[..., 1]).abs().max() > 1e-3


@pytest.mark.parametrize("widest", [2, WIDEST, WIDEST + 9])
def test_any_width_can_be_asked_for(tiny_base, widest):
    network = spans(tiny_base).network(tiny_base.model, names(tiny_base), widest)
    assert isinstance(network, SpanNetwork)
    assert network.width.shape[0] == network.wide.shape[0] == widest
    assert torch.equal(network.width[-1], network.width[min(widest, WIDEST) - 1])


def test_what_is_stored_opens_as_it_was(tiny_base, tmp_path):
    model, vectors = spans(tiny_base), names(tiny_base)
    save_open_spans(model, SETTINGS, tiny_base.sha256, tmp_path)
    opened = open_spans(tiny_base, tmp_path)
    assert open_settings(tiny_base, tmp_path) == SETTINGS
    states = torch.randn(1, 6, tiny_base.model.config.hidden_size)
    with torch.inference_mode():
        first, second = (stretch_logits(states, each.weights(vectors)) for each in (model, opened))
    assert (first - second).abs().max() < 0.05 * first.std()


def test_another_encoder_has_none(tiny_base, tmp_path):
    save_open_spans(spans(tiny_base), SETTINGS, "another", tmp_path)
    assert open_spans(tiny_base, tmp_path) is None
    assert open_settings(tiny_base, tmp_path) is None


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_damaged_file_is_named(tiny_base, tmp_path, name):
    save_open_spans(spans(tiny_base), SETTINGS, tiny_base.sha256, tmp_path)
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(OptionError, match=name):
        open_spans(tiny_base, tmp_path)


def test_the_packages_own_belongs_to_the_packages_encoder():
    from danlu.models.base import open_base

    base = open_base()
    assert open_span.open_spans(base) is not None
    assert open_settings(base) is not None
