"""The loss of a training as a page with a picture.

Knows lines of metrics; knows nothing of training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 720, 360, 52, 16, 40
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Training curve</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 760px; padding: 0 1em; color: #222;
  background: #fff }}
svg {{ width: 100%; height: auto }} text {{ font-size: 12px; fill: #666 }}
.train {{ fill: none; stroke: #9bb8d3; stroke-width: 1.5 }} .held {{ fill: none; stroke: #b3261e; stroke-width: 2 }}
.grid {{ stroke: #ddd }}
@media (prefers-color-scheme: dark) {{ body {{ background: #181818; color: #ddd }} .grid {{ stroke: #383838 }} }}
</style>
<h1>Training curve</h1>
<p>{summary}</p>
<svg viewBox="0 0 {width} {height}" role="img" aria-label="loss by step">{drawing}</svg>
<p><span style="color:#6f95b8">━</span> training loss &nbsp; <span style="color:#b3261e">━</span> held-out loss;
nats a token, by step</p>
"""


def curve(lines: Sequence[dict[str, Any]]) -> str:
    """A self-contained HTML page of the loss at each step.

    Args:
        lines: with "step", "loss", "tokens", "seconds", and "held_out" where it was measured.
    """
    if not lines:
        return _PAGE.format(summary="No step is done yet.", width=_WIDTH, height=_HEIGHT, drawing="")
    train = [(float(line["step"]), float(line["loss"])) for line in lines]
    held = [(float(line["step"]), float(line["held_out"])) for line in lines if "held_out" in line]
    values = sorted(loss for _, loss in [*train, *held])
    low, high = values[0], max(values[0] + 1e-3, values[round(0.98 * (len(values) - 1))])  # the first steps are off it
    end = train[-1][0]

    def at(step: float, loss: float) -> str:
        x = _LEFT + (_WIDTH - _LEFT - 12) * step / end
        y = _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - (min(loss, high) - low) / (high - low))
        return f"{x:.1f},{y:.1f}"

    drawing: list[str] = []
    for tick in range(5):
        loss = low + (high - low) * tick / 4
        y = at(0, loss).split(",")[1]
        drawing.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{y}" y2="{y}"/>')
        drawing.append(f'<text x="{_LEFT - 6}" y="{float(y) + 4:.1f}" text-anchor="end">{loss:.2f}</text>')
        x = at(end * tick / 4, low).split(",")[0]
        drawing.append(f'<text x="{x}" y="{_HEIGHT - 16}" text-anchor="middle">{end * tick / 4:,.0f}</text>')
    for name, points in (("train", train), ("held", held)):
        drawing.append(f'<polyline class="{name}" points="{" ".join(at(*point) for point in points)}"/>')
    last = lines[-1]
    measured = f", held-out loss {held[-1][1]:.3f}" if held else ""
    summary = (
        f"{last['step']:,} steps, {last['tokens']:,} tokens, {last['seconds'] / 60:,.0f} minutes: "
        f"training loss {last['loss']:.3f}{measured}."
    )
    return _PAGE.format(summary=summary, width=_WIDTH, height=_HEIGHT, drawing="".join(drawing))
