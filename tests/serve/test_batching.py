"""Requests share batches and share nothing else."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.serve.batching import Batcher, BatcherStoppedError, PredictionFailedError, QueueFullError
from danlu.types import Prediction


def answers(model, texts):
    return [model.answer(text) for text in texts]


async def entered(model):
    """Until the worker thread is inside the model."""
    assert await asyncio.to_thread(model.entered.wait, 10)


async def settled():
    """Until every task that can go on has gone on."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_one_request_gets_its_answers_in_order(model):
    async def main():
        async with Batcher(model.predict) as batcher:
            return await batcher.submit(["a", "bb", "ccc"])

    assert asyncio.run(main()) == answers(model, ["a", "bb", "ccc"])
    assert model.batches == [["a", "bb", "ccc"]]


def test_no_text_needs_no_model(model):
    async def main():
        async with Batcher(model.predict) as batcher:
            return await batcher.submit([])

    assert asyncio.run(main()) == []
    assert model.batches == []


def test_a_lone_request_does_not_wait_for_company(model):
    async def main():
        async with asyncio.timeout(10), Batcher(model.predict, max_wait_ms=3_600_000) as batcher:
            first = await batcher.submit(["a"])
            return first + await batcher.submit(["bb"])

    assert asyncio.run(main()) == answers(model, ["a", "bb"])


def test_a_full_batch_does_not_wait_either(model):
    async def main():
        async with asyncio.timeout(10), Batcher(model.predict, max_batch=3, max_wait_ms=3_600_000) as batcher:
            return await asyncio.gather(*(batcher.submit([text]) for text in ("a", "bb", "ccc")))

    assert asyncio.run(main()) == [answers(model, [text]) for text in ("a", "bb", "ccc")]
    assert model.batches == [["a", "bb", "ccc"]]


def test_what_comes_while_the_model_works_is_batched(model):
    async def main():
        model.gate.clear()
        async with Batcher(model.predict) as batcher:
            first = asyncio.create_task(batcher.submit(["first"]))
            await entered(model)
            others = [asyncio.create_task(batcher.submit([text])) for text in ("a", "bb", "ccc")]
            await settled()
            model.gate.set()
            await asyncio.gather(first, *others)

    asyncio.run(main())
    assert model.batches == [["first"], ["a", "bb", "ccc"]]


def test_a_long_request_is_split_and_put_together_again(model):
    texts = ["x" * n for n in range(1, 151)]

    async def main():
        async with Batcher(model.predict, max_batch=64) as batcher:
            return await batcher.submit(texts)

    assert asyncio.run(main()) == answers(model, texts)
    assert [len(batch) for batch in model.batches] == [64, 64, 22]


@settings(deadline=None, max_examples=60)
@given(
    requests=st.lists(st.lists(st.text(max_size=5), max_size=12), max_size=25),
    max_batch=st.integers(1, 16),
    max_wait_ms=st.sampled_from([0.0, 0.1]),
    bad=st.sets(st.integers(0, 24), max_size=3),
    cancelled=st.sets(st.integers(0, 24), max_size=3),
)
def test_results_are_never_mixed_up(requests, max_batch, max_wait_ms, bad, cancelled):
    def answer(text):
        return Prediction(text, 1.0, False, ((text, 1.0),))

    def predict(texts):
        assert 1 <= len(texts) <= max_batch
        if any(text.startswith("bad!") for text in texts):
            raise ArithmeticError
        return [answer(text) for text in texts]

    requests = [[*texts, "bad!"] if number in bad else texts for number, texts in enumerate(requests)]

    async def main():
        async with Batcher(predict, max_batch=max_batch, max_wait_ms=max_wait_ms) as batcher:
            tasks = [asyncio.create_task(batcher.submit(texts)) for texts in requests]
            await asyncio.sleep(0)
            for number in cancelled & set(range(len(tasks))):
                tasks[number].cancel()
            return await asyncio.gather(*tasks, return_exceptions=True)

    for number, (texts, outcome) in enumerate(zip(requests, asyncio.run(main()), strict=True)):
        if isinstance(outcome, asyncio.CancelledError):
            assert number in cancelled
        elif number in bad:
            assert isinstance(outcome, PredictionFailedError)
            assert outcome.index == len(texts) - 1
        else:
            assert outcome == [answer(text) for text in texts]


def test_a_bad_text_fails_its_own_request_only(model, caplog):
    async def main():
        async with Batcher(model.predict) as batcher:
            requests = (["a"], ["bb", "a bad one", "ccc"], ["dddd"], ["bad"], ["e"])
            return await asyncio.gather(*(batcher.submit(texts) for texts in requests), return_exceptions=True)

    first, second, third, fourth, fifth = asyncio.run(main())
    assert (first, third, fifth) == tuple(answers(model, [text]) for text in ("a", "dddd", "e"))
    assert isinstance(second, PredictionFailedError)
    assert second.index == 1
    assert isinstance(second.__cause__, ZeroDivisionError)
    assert isinstance(fourth, PredictionFailedError)
    assert "a bad one" not in caplog.messages[0], "the log counts a text's characters and does not quote it"


def test_a_model_that_loses_answers_is_found_out():
    async def main():
        async with Batcher(lambda texts: []) as batcher:
            await batcher.submit(["a"])

    with pytest.raises(PredictionFailedError) as caught:
        asyncio.run(main())
    assert "0 predictions for 1 texts" in str(caught.value.__cause__)


def test_a_full_queue_refuses_at_once_and_recovers(model):
    async def main():
        model.gate.clear()
        async with Batcher(model.predict, queue=2) as batcher:
            working = asyncio.create_task(batcher.submit(["w"]))
            await entered(model)
            waiting = asyncio.create_task(batcher.submit(["a", "bb"]))
            await settled()
            with pytest.raises(QueueFullError, match="2 texts wait already"):
                await batcher.submit(["ccc"])
            model.gate.set()
            await asyncio.gather(working, waiting)
            return await batcher.submit(["ccc"])

    assert asyncio.run(main()) == answers(model, ["ccc"])


def test_a_cancelled_request_makes_room_and_is_not_predicted(model):
    async def main():
        model.gate.clear()
        async with Batcher(model.predict, queue=2) as batcher:
            working = asyncio.create_task(batcher.submit(["working"]))
            await entered(model)
            waiting = asyncio.create_task(batcher.submit(["a", "bb"]))
            await settled()
            waiting.cancel()
            working.cancel()
            await asyncio.wait({waiting, working})
            other = asyncio.create_task(batcher.submit(["ccc"]))
            await settled()
            model.gate.set()
            return await other

    assert asyncio.run(main()) == answers(model, ["ccc"])
    assert model.batches == [["working"], ["ccc"]]


def test_everyone_cancelled_while_waiting_for_company_leaves_a_working_batcher(model):
    async def main():
        async with asyncio.timeout(10), Batcher(model.predict, max_wait_ms=3_600_000) as batcher:
            tasks = [asyncio.create_task(batcher.submit([text])) for text in ("a", "bb")]
            await settled()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            late = [asyncio.create_task(batcher.submit([text])) for text in ("ccc", "dddd")]
            await settled()
            await batcher.stop()
            return await asyncio.gather(*late)

    assert asyncio.run(main()) == [answers(model, ["ccc"]), answers(model, ["dddd"])]
    assert model.batches == [["ccc", "dddd"]]


def test_the_model_is_not_asked_about_nothing(model):
    async def main():
        async with asyncio.timeout(10), Batcher(model.predict, max_wait_ms=3_600_000) as batcher:
            tasks = [asyncio.create_task(batcher.submit([text])) for text in ("a", "bb")]
            await settled()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    asyncio.run(main())
    assert model.batches == []


def test_stopping_answers_what_waits_and_refuses_what_comes(model):
    async def main():
        model.gate.clear()
        batcher = Batcher(model.predict)
        async with batcher:
            tasks = [asyncio.create_task(batcher.submit([text])) for text in ("a", "bb")]
            await entered(model)
            tasks.append(asyncio.create_task(batcher.submit(["ccc"])))
            await settled()
            stopping = asyncio.create_task(batcher.stop())
            await settled()
            with pytest.raises(BatcherStoppedError):
                await batcher.submit(["late"])
            model.gate.set()
            await stopping
        return await asyncio.gather(*tasks)

    assert asyncio.run(main()) == [answers(model, [text]) for text in ("a", "bb", "ccc")]


def test_stopping_a_model_that_hangs_fails_what_waits(model):
    async def main():
        model.gate.clear()
        async with Batcher(model.predict) as batcher:
            tasks = [asyncio.create_task(batcher.submit(["a"]))]
            await entered(model)
            tasks.append(asyncio.create_task(batcher.submit(["bb"])))
            await settled()
            await batcher.stop(grace_s=0)
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        model.gate.set()
        return outcomes

    assert [type(outcome) for outcome in asyncio.run(main())] == [BatcherStoppedError, BatcherStoppedError]


def test_it_starts_again_after_a_stop_and_not_before_a_start(model):
    batcher = Batcher(model.predict)

    async def main():
        async with batcher:
            return await batcher.submit(["a"])

    with pytest.raises(BatcherStoppedError):
        asyncio.run(batcher.submit(["a"]))
    for _ in range(2):  # each in an event loop of its own
        assert asyncio.run(main()) == answers(model, ["a"])


def test_the_model_works_outside_the_event_loop_and_never_twice_at_once():
    threads, busy = set(), threading.Lock()

    def predict(texts):
        assert busy.acquire(blocking=False)
        threads.add(threading.current_thread())
        busy.release()
        return [Prediction("x", 1.0, False, ()) for _ in texts]

    async def main():
        async with Batcher(predict, max_batch=1) as batcher:
            await asyncio.gather(*(batcher.submit(["a", "b"]) for _ in range(20)))

    asyncio.run(main())
    assert len(threads) == 1
    assert threading.current_thread() not in threads
