"""The engine: what the cache remembers is what reading again would see."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from danlu.errors import OptionError
from danlu.infer.engine import Sampling, choose, generate, score, stream
from danlu.models.fresh import SHAPES, fresh_decoder

VOCABULARY = 60
PROMPTS = [[1, 20, 30], [1], [1, 11, 12, 13, 14, 15, 16], [1, 40]]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = fresh_decoder(SHAPES["tiny"], VOCABULARY).eval()
    for parameter in model.parameters():
        parameter.data.mul_(4 if parameter.ndim == 2 else 1)  # so that the next token is not all alike
    return model


def greedy_by_hand(model, prompt, most, stop=(2,)):
    text, total = list(prompt), 0.0
    for _ in range(most):
        with torch.inference_mode():
            log_probabilities = torch.log_softmax(model(input_ids=torch.tensor([text])).logits[0, -1].float(), -1)
        token = int(log_probabilities.argmax())
        total += float(log_probabilities[token])
        if token in stop:
            return text[len(prompt) :], total, True
        text.append(token)
    return text[len(prompt) :], total, False


def test_greedy_rows_are_as_if_read_anew_and_alone(model):
    found = generate(model, PROMPTS, Sampling(most=12, temperature=0))
    for prompt, continuation in zip(PROMPTS, found, strict=True):
        ids, total, ended = greedy_by_hand(model, prompt, 12)
        assert continuation.ids == ids
        assert continuation.log_probability == pytest.approx(total, abs=1e-3)
        assert continuation.ended == ended


def test_rows_end_by_themselves(model):
    first = generate(model, PROMPTS, Sampling(most=12, temperature=0, stop=()))
    stop = (first[0].ids[3], first[2].ids[5])
    found = generate(model, PROMPTS, Sampling(most=12, temperature=0, stop=stop))
    for before, after in zip(first, found, strict=True):
        end = next((place for place, token in enumerate(before.ids) if token in stop), None)
        assert after.ids == before.ids[:end]
        assert after.ended == (end is not None)


def test_neighbours_and_runs_change_nothing(model):
    sampling = Sampling(most=10, temperature=0.9, top_p=0.8, repetition=1.2, seed=5)
    together = generate(model, PROMPTS, sampling)
    assert [c.ids for c in generate(model, PROMPTS, sampling)] == [c.ids for c in together]
    assert generate(model, PROMPTS[:1], sampling)[0].ids == together[0].ids
    other = generate(model, PROMPTS, Sampling(most=10, temperature=0.9, top_p=0.8, repetition=1.2, seed=6))
    assert [c.ids for c in other] != [c.ids for c in together]


def test_only_allowed_tokens_are_written(model):
    words = [[21, 22, 23], [21, 25], [30]]  # a trie: which continuations of what is written are left

    def allowed(_, written):
        mask = np.zeros(VOCABULARY, bool)
        mask[[word[len(written)] for word in words if len(word) > len(written) and word[: len(written)] == written]] = 1
        return mask

    found = generate(model, PROMPTS * 3, Sampling(most=9, temperature=2.0), allowed)
    assert all(continuation.ids in words and continuation.ended for continuation in found)


def test_tokens_arrive_as_they_are_written(model):
    asked = []

    def allowed(row, _):
        asked.append(row)
        return np.ones(VOCABULARY, bool)

    written = stream(model, PROMPTS, Sampling(most=3, temperature=0, stop=()), allowed)
    assert next(written)[0] == 0
    assert asked == [0]
    assert [row for row, _, _ in written] == [1, 2, 3, *([0, 1, 2, 3] * 2)]


def test_scores_are_those_of_reading_alone(model):
    texts = [[1, 20, 30, 2], [1, 7], [1], [1, 9, 9, 9, 9, 9]]
    found = score(model, texts, rows=3)
    for text, values in zip(texts, found, strict=True):
        with torch.inference_mode():
            logits = torch.log_softmax(model(input_ids=torch.tensor([text])).logits[0].float(), -1)
        np.testing.assert_allclose(values, [float(logits[i, t]) for i, t in enumerate(text[1:])], atol=1e-4)
    assert [len(values) for values in score(model, texts, given=[2, 1, 1, 5])] == [2, 1, 0, 1]
    np.testing.assert_allclose(score(model, texts, given=[2, 1, 1, 5])[0], found[0][1:])


def test_what_is_written_has_the_score_it_says(model):
    (continuation,) = generate(model, PROMPTS[:1], Sampling(most=8, stop=(), seed=3))
    scored = score(model, [PROMPTS[0] + continuation.ids], given=[len(PROMPTS[0])])[0]
    assert continuation.log_probability == pytest.approx(float(scored.sum()), abs=1e-3)


def test_a_text_stops_at_the_context(model):
    found = generate(model, [[1] * 120, [1] * 128, [1] * 127], Sampling(most=50, stop=()))
    assert [len(continuation.ids) for continuation in found] == [8, 0, 1]
    assert not any(continuation.ended for continuation in found)


@pytest.mark.parametrize("prompts", [[[]], [[1], [1] * 129]])
def test_what_cannot_be_read_is_refused(model, prompts):
    for function in (generate, score):
        with pytest.raises(OptionError, match="this model reads 1 to 128"):
            function(model, prompts)


@pytest.mark.parametrize(
    ("name", "value"),
    [("most", -1), ("temperature", -1), ("temperature", math.nan), ("top_p", 0), ("top_p", 1.1), ("repetition", 0)],
)
def test_sampling_without_meaning_is_refused(name, value):
    with pytest.raises(OptionError, match="Fix"):
        Sampling(**{name: value})


def test_nothing_to_do(model):
    assert generate(model, []) == []
    assert score(model, []) == []
    assert generate(model, PROMPTS, Sampling(most=0))[0].ids == []


@given(st.lists(st.floats(-9, 9, width=32), min_size=2, max_size=9), st.floats(0.05, 1), st.integers(0, 9), st.data())
def test_a_chosen_token_is_in_the_smallest_set_of_that_probability(logits, top_p, seed, data):
    logits = np.array(logits, np.float32)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(logits), max_size=len(logits))))
    mask[data.draw(st.integers(0, len(logits) - 1))] = True
    token = choose(logits, [], Sampling(top_p=top_p), np.random.default_rng(seed), mask)
    probability = np.where(mask, np.exp(logits.astype(float)), 0)
    probability /= probability.sum()
    assert mask[token]
    assert probability[probability > probability[token]].sum() < top_p + 1e-9


def test_draws_follow_the_probabilities():
    logits = np.log(np.array([0.5, 0.3, 0.2], np.float32))
    draw = np.random.default_rng(0)
    counts = np.bincount([choose(logits, [], Sampling(), draw) for _ in range(4000)], minlength=3) / 4000
    np.testing.assert_allclose(counts, [0.5, 0.3, 0.2], atol=0.03)


def test_repetition_is_made_less_probable():
    logits = np.array([2.0, 1.9, -1.0], np.float32)
    assert choose(logits, [0], Sampling(temperature=0, repetition=1.5), np.random.default_rng(0)) == 1
    assert choose(logits, [], Sampling(temperature=0, repetition=1.5), np.random.default_rng(0)) == 0
