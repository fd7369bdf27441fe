"""Pictures as inline SVG: bars, intervals, curves, scatters, heat maps.

Knows numbers and strings (which it escapes); knows nothing of models or of the page. Horizontal places are in
percent and vertical ones in pixels, so a picture fills whatever width it is given while its letters keep their size.
Colours come from the page's style sheet, by class.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from danlu.factory.report_html import count, escape, percent, plain, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Shown = Callable[..., str]  # writes a figure, with an optional number of digits

_PLOT = 200  # the height of a curve or scatter, pixels
_SQUARE, _CELLS = 340, 80  # the height of true scores against predicted ones, and its places in either direction
_WHOLE = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of a plot.

    Attributes:
        low: the value at its start.
        high: the value at its end; more than `low`.
        ticks: the values that get a line and a number.
        logarithmic: whether equal steps are equal ratios.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """Where a value lies, 0 at the start and 1 at the end, never outside."""
        low, high, at = (math.log(max(x, 1e-12)) if self.logarithmic else x for x in (self.low, self.high, value))
        return min(1.0, max(0.0, (at - low) / (high - low)))


@dataclass(frozen=True, slots=True)
class Dot:
    """One point of a scatter: where, the mark inside it, what it is called, and whether it is `hot` or `off`."""

    x: float
    y: float
    mark: str
    name: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """One point of the loop's curve: its value, whether it was kept, and the line below its number."""

    value: float
    kept: bool
    below: str = ""


def linear(values: Iterable[float], low: float | None = None, high: float = 1.0, steps: int = 4) -> Axis:
    """An axis around values, with round ticks, that does not reach beyond `low` and `high`.

    Args:
        values: what is to be shown.
        low: the least start; without it 0, or -1 where a value is negative, as correlations may be.
        high: the greatest end.
        steps: between ticks, about.
    """
    known = [value for value in values if math.isfinite(value)]
    low = low if low is not None else -1.0 if min(known, default=0.0) < 0 else 0.0
    first, last = (min(high, max(low, edge)) for edge in (min(known, default=low), max(known, default=high)))
    room = max(last - first, 0.04 * (high - low))
    step = _round_step(room / steps)
    places = max(10, 2 - math.floor(math.log10(step)))
    start = round(max(low, math.floor((first - room * 0.08) / step + 1e-9) * step), places)
    end = round(min(high, math.ceil((last + room * 0.08) / step - 1e-9) * step), places)
    ticks = [round(start + step * i, places) for i in range(round((end - start) / step) + 1)]
    return Axis(start, end, tuple(tick for tick in ticks if tick <= end))


def logarithmic(values: Iterable[float]) -> Axis:
    """An axis of equal ratios around positive values, with ticks at 1, 2 and 5 times the powers of ten."""
    known = [value for value in values if value > 0 and math.isfinite(value)] or [1.0]
    low, high = min(known) / 1.6, max(known) * 1.6
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for leads in ((1, 2, 5), (1, 3), (1,)):
        ticks = [lead * 10.0**power for power in powers for lead in leads if low <= lead * 10.0**power <= high]
        if len(ticks) <= 5:
            break
    return Axis(low, high, tuple(ticks), logarithmic=True)


def bar(share: float, tone: str = "") -> str:
    """A bar from 0 to 1."""
    return _svg(
        10,
        percent(share),
        [
            _rect(_WHOLE, (1, 8), "track", radius=2),
            _rect((0.0, min(1.0, max(0.0, share))), (1, 8), f"fill {tone}", radius=2),
        ],
    )


def split(share: float, name: str) -> str:
    """A bar of two parts that fill it."""
    inside = min(1.0, max(0.0, share))
    return _svg(
        14, name, [_rect(_WHOLE, (0, 14), "fill", radius=3), _rect((0.0, inside), (0, 14), "fill calm", radius=3)]
    )


def strip(
    low: float,
    value: float,
    high: float,
    *,
    span: str,
    base: float | None = None,
    base_name: str = "",
    shown: Shown = percent,
) -> str:
    """A share on the whole scale with its interval as a band called `span`, and a mark for what guessing reaches.

    The scale begins at 0, or at -1 where the interval is negative, as that of a correlation may be; then nothing is
    marked for guessing.
    """
    axis = Axis(-1.0, 1.0, (-1.0, -0.5, 0.0, 0.5, 1.0)) if low < 0 else Axis(*_WHOLE, (0.0, 0.25, 0.5, 0.75, 1.0))
    start, end, at = axis.share(low), axis.share(high), axis.share(value)
    middle = (start + end) / 2
    anchor, beside = ("start", start) if middle < 0.2 else ("end", end) if middle > 0.8 else ("middle", middle)
    parts = [_text(beside, 12, span, anchor, "strong")]
    parts += [
        _rect(_WHOLE, (26, 10), "track", radius=5),
        _rect((start, end), (26, 10), "band", radius=5),
        _line(at, at, 20, 42, "value"),
    ]
    base = None if low < 0 else base
    for tick in axis.ticks:
        if base is None or abs(tick - base) > 0.06:  # else the mark for guessing would run through the number
            side = "start" if tick == axis.low else "end" if tick == axis.high else "middle"
            parts.append(_text(axis.share(tick), 58, shown(tick, 0), side))
    if base is not None:
        edge, shift = ("start", 6) if base < 0.5 else ("end", -6)
        parts += [_line(base, base, 22, 84, "base"), _text(base, 82, base_name, edge, shift=shift)]
    return _svg(92 if base is not None else 64, f"{shown(value)}, {span}", parts)


def whisker(low: float, value: float, high: float, axis: Axis, tone: str = "", shown: Shown = percent) -> str:
    """A value with its interval on a shared axis."""
    parts = [_line(axis.share(tick), axis.share(tick), 0, 24, "grid") for tick in axis.ticks]
    parts += [
        _line(axis.share(low), axis.share(high), 12, 12, f"reach {tone}"),
        _circle(axis.share(value), 12, 5, tone),
    ]
    return _svg(24, f"{shown(value)} ({shown(low)} – {shown(high)})", parts)


def scale(axis: Axis, shown: Shown = percent) -> str:
    """The numbers under a stack of whiskers."""
    return _svg(16, "", [_text(axis.share(tick), 12, shown(tick, 0), "middle") for tick in axis.ticks])


def rounds(points: Sequence[Round], reference: float | None, name: str, shown: Shown = percent) -> str:
    """A value round by round: the kept ones joined, the rejected ones hanging off the last kept one."""
    axis = linear([point.value for point in points] + ([] if reference is None else [reference]))
    parts = _levels(axis, shown)
    if reference is not None:
        y = _height(axis, reference)
        parts.append(_line(0, 1, y, y, "reference"))
    dots: list[str] = []
    last: tuple[float, float] | None = None
    for number, point in enumerate(points):
        x, y = 0.05 + 0.9 * number / max(len(points) - 1, 1), _height(axis, point.value)
        if last is not None:
            parts.append(_line(last[0], x, last[1], y, "curve" if point.kept else "curve off"))
        dots.append(_circle(x, y, 6, "hot" if point.kept else "off", f"{number}: {shown(point.value)}"))
        dots.append(_text(x, _PLOT + 18, str(number), "middle"))
        dots.append(_text(x, _PLOT + 33, point.below, "middle", "faint"))
        last = (x, y) if point.kept else last
    return _plot(_svg(_PLOT + 38, name, parts + dots))


def scatter(dots: Sequence[Dot], limit: float | None, limit_name: str, name: str, shown: Shown = percent) -> str:
    """Shares (upwards) over a cost (logarithmic, to the right), with a limit to the cost.

    Args:
        dots: at least one.
        limit: the cost that must not be exceeded; what lies beyond is shaded.
        limit_name: what is written at the limit.
        name: what the picture shows, for those who cannot see it.
        shown: writes what lies upwards.
    """
    across = logarithmic([dot.x for dot in dots] + ([] if limit is None else [limit]))
    upward = linear(dot.y for dot in dots)
    parts = _levels(upward, shown)
    if limit is not None:
        at = across.share(limit)
        side, shift = ("start", 5) if at < 0.5 else ("end", -5)
        parts += [_rect((at, 1.0), (0, _PLOT), "beyond"), _line(at, at, 0, _PLOT, "limit")]
        parts.append(_text(at, _PLOT - 7, limit_name, side, shift=shift))
    parts += [_text(across.share(tick), _PLOT + 18, plain(tick), "middle") for tick in across.ticks]
    for dot in sorted(dots, key=lambda each: each.tone == "hot"):
        x, y = across.share(dot.x), _height(upward, dot.y)
        parts.append(_circle(x, y, 10, f"dot {dot.tone}", f"{dot.name}: {shown(dot.y)}"))
        parts.append(_text(x, y + 4, dot.mark, "middle", f"inside {dot.tone}"))
    return _plot(_svg(_PLOT + 24, name, parts))


def against(points: Sequence[tuple[float, float]], axis: Axis, margin: float, name: str) -> str:
    """True scores (to the right) against predicted ones (upwards), the line where both are equal, and the margin.

    Points that fall together are one dot of as much more area, so that thousands stay legible.

    Args:
        points: (true, predicted); what lies beyond the axis stands at its end.
        axis: of both directions.
        margin: of the predicted scores.
        name: what the picture shows, for those who cannot see it.
    """
    parts: list[str] = []
    for tick in axis.ticks:
        x, y = axis.share(tick), _SQUARE * (1 - axis.share(tick))
        parts += [_line(0, 1, y, y, "grid"), _line(x, x, 0, _SQUARE, "grid")]
        parts += [_text(0, y + 4, plain(tick), "end", shift=-8), _text(x, _SQUARE + 18, plain(tick), "middle")]
    off = min(1.0, margin / (axis.high - axis.low))
    parts.append(_line(0, 1, _SQUARE, 0, "reference"))
    parts += [
        _line(0, 1 - off, _SQUARE * (1 - off), 0, "limit"),
        _line(off, 1, _SQUARE, _SQUARE * off, "limit"),
    ]
    places = Counter(tuple(round(_CELLS * axis.share(value)) for value in point) for point in points)
    largest = max(places.values(), default=1)
    for (x, y), count_there in sorted(places.items()):
        radius = 2.5 + 5.5 * math.sqrt((count_there - 1) / max(largest, 9))
        parts.append(_circle(x / _CELLS, round(_SQUARE * (1 - y / _CELLS), 1), radius, "point"))
    return f'<div class="plot square">{_svg(_SQUARE + 24, name, parts)}</div>'


def heat(table: Sequence[Sequence[int]], totals: Sequence[int], labels: Sequence[str], name: str) -> str:
    """A table of counts as colours: right ones on the diagonal in one tone, mistakes beside it in another.

    Args:
        table: (k, k) counts, [true][predicted].
        totals: (k) what a whole row holds, in case the table shows only some of its columns.
        labels: (k) names, written left of the rows; the columns bear their numbers.
        name: what the picture shows, for those who cannot see it.
    """
    k = len(table)
    side, dense = (34, False) if k <= 8 else (24, k > 10)
    parts = [_text((i + 0.5) / k, 12, str(i + 1), "middle", f"faint {'even' if i % 2 else ''}") for i in range(k)]
    for i, counts in enumerate(table):
        for j, number in enumerate(counts):
            shade = math.sqrt(number / max(totals[i], 1))
            tone = "right" if i == j else "wrong"
            title = f"{labels[i]} → {labels[j]}: {count(number)}"
            square, top = (j / k, (j + 1) / k), 18 + i * side
            parts.append(_rect(square, (top, side), "track cell"))
            if number:
                parts.append(_rect(square, (top, side), f"cell {tone}", opacity=shade, title=title))
                ink = "count over" if shade > 0.6 else "count"
                parts.append(_text((j + 0.5) / k, top + side / 2 + 4, count(number), "middle", ink))
    names = "".join(
        f'<div style="height:{side}px"><b>{i}</b><bdi title="{escape(label)}">{escape(short(label, 60))}</bdi></div>'
        for i, label in enumerate(labels, 1)
    )
    picture = _svg(18 + k * side, name, parts)
    return (
        f'<div class="heat{" dense" if dense else ""}" style="max-width:{220 + 64 * k}px">'
        f'<div class="sides">{names}</div>{picture}</div>'
    )


def key(kind: str, name: str) -> str:
    """One entry of a legend: a sample of a mark, such as "circle hot" or "line reference", and its name."""
    shape, _, tone = kind.partition(" ")
    sample = _circle(0.5, 6, 5, tone) if shape == "circle" else _line(0, 1, 6, 6, tone)
    return f'<span><svg width="22" height="12" aria-hidden="true">{sample}</svg>{escape(name)}</span>'


def _round_step(step: float) -> float:
    """The next step of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(lead * power for lead in (1, 2, 5, 10) if lead * power >= step * 0.999)


def _height(axis: Axis, value: float) -> float:
    """Pixels from the top of a plot."""
    return round(_PLOT * (1 - axis.share(value)), 1)


def _levels(axis: Axis, shown: Shown = percent) -> list[str]:
    """The horizontal lines of a plot with their shares, left of it."""
    digits = 0 if all(abs(100 * tick - round(100 * tick)) < 1e-6 for tick in axis.ticks) else 1
    parts: list[str] = []
    for tick in axis.ticks:
        y = _height(axis, tick)
        parts += [_line(0, 1, y, y, "grid"), _text(0, y + 4, shown(tick, digits), "end", shift=-8)]
    return parts


def _plot(svg: str) -> str:
    return f'<div class="plot">{svg}</div>'


def _svg(height: float, name: str, parts: Iterable[str]) -> str:
    who = f'role="img" aria-label="{escape(name)}"' if name else 'aria-hidden="true"'
    return f'<svg width="100%" height="{height:g}" {who}>{"".join(parts)}</svg>'


def _at(share: float) -> str:
    return f"{100 * share:.2f}%"


def _rect(
    span: tuple[float, float],
    y: tuple[float, float],
    kind: str,
    *,
    radius: int = 0,
    opacity: float = 1.0,
    title: str = "",
) -> str:
    """A rectangle from one share of the width to another, at a height (top, pixels high)."""
    extra = (f' rx="{radius}"' if radius else "") + (f' fill-opacity="{opacity:.3f}"' if opacity < 1 else "")
    inside = f"<title>{escape(title)}</title>" if title else ""
    width = max(0.0, span[1] - span[0])
    return (
        f'<rect class="{kind}" x="{_at(span[0])}" y="{y[0]:g}" width="{_at(width)}" height="{y[1]:g}"{extra}>'
        f"{inside}</rect>"
    )


def _line(left: float, right: float, top: float, bottom: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{_at(left)}" x2="{_at(right)}" y1="{top:g}" y2="{bottom:g}"/>'


def _circle(x: float, y: float, radius: float, kind: str, title: str = "") -> str:
    inside = f"<title>{escape(title)}</title>" if title else ""
    return f'<circle class="{kind}" cx="{_at(x)}" cy="{y:g}" r="{radius:g}">{inside}</circle>'


def _text(x: float, y: float, text: str, anchor: str, kind: str = "", *, shift: int = 0) -> str:
    moved = f' dx="{shift}"' if shift else ""
    return f'<text class="{kind}" x="{_at(x)}" y="{y:g}" text-anchor="{anchor}"{moved}>{escape(text)}</text>'
