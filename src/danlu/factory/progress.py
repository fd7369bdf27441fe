"""One progress bar for a whole job: which stage it is in and how long all of them will still take.

Knows stages and their weights; knows nothing of what they do.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


class Progress:
    """A bar on the terminal; silent where standard error is no terminal, but for a line a stage."""

    def __init__(self, stages: dict[str, float], *, quiet: bool) -> None:
        """Takes the expected seconds of each stage, in order."""
        self._expected = stages
        self._quiet = quiet
        self._live = sys.stderr.isatty()
        self._done = 0.0
        self._bar = tqdm(
            total=max(1.0, sum(stages.values())),
            disable=quiet or not self._live,
            file=sys.stderr,
            bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed} passed, {remaining} left",
        )

    @contextmanager
    def stage(self, name: str, total: float) -> Generator[Callable[[int], None]]:
        """A stage of `total` units; the function it gives is called with the units done."""
        expected = self._expected.get(name, 0.0)
        self._bar.set_description_str(name)
        if not (self._quiet or self._live):
            print(f"danlu: {name}", file=sys.stderr, flush=True)  # noqa: T201 - the bar of a log file
        counted = 0.0

        def step(units: int) -> None:
            nonlocal counted
            counted = min(total, counted + units)
            self._at(self._done + expected * counted / max(1.0, total))

        yield step
        self._done += expected
        self._at(self._done)

    def close(self) -> None:
        """Ends the bar."""
        self._bar.close()

    def _at(self, seconds: float) -> None:
        self._bar.n = min(self._bar.total, seconds)
        self._bar.refresh()
