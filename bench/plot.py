"""A line chart as SVG, with nothing but the standard library: readable on light and on dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 32, 64, 48  # around the lines
_STYLE = "font-family:system-ui,sans-serif;font-size:13px;fill:#24292f"


@dataclass(frozen=True)
class Line:
    """One curve: `points` are (x, y), `label` its name in the legend."""

    label: str
    points: Sequence[tuple[float, float]]
    colour: str
    dashes: str = ""


@dataclass(frozen=True)
class Chart:
    """`x_ticks` and `y_ticks` also set the ranges: the first and the last are the ends of the axes."""

    title: str
    x_title: str
    x_ticks: Sequence[float]
    y_ticks: Sequence[float]
    lines: Sequence[Line]
    legend_at: tuple[float, float]  # x, y of its upper left corner, in the chart's units


def draw(charts: Sequence[Chart], title: str, width: int = 860, height: int = 340) -> str:
    """The charts below each other, in one SVG text. Every y is a share, 0 to 1, shown in percent."""
    whole = height * len(charts) + 36
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {whole}" role="img" style="{_STYLE}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{whole}" rx="8" fill="#ffffff" stroke="#d0d7de"/>',
        f'<text x="{width / 2:g}" y="26" text-anchor="middle" font-size="16" font-weight="600">{escape(title)}</text>',
    ]
    for place, chart in enumerate(charts):
        parts += [f'<g transform="translate(0,{36 + place * height})">', *_chart(chart, width, height), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _chart(chart: Chart, width: int, height: int) -> list[str]:
    x_low, x_high, y_low, y_high = chart.x_ticks[0], chart.x_ticks[-1], chart.y_ticks[0], chart.y_ticks[-1]

    def x(value: float) -> float:
        return round(_LEFT + (value - x_low) / (x_high - x_low) * (width - _LEFT - _RIGHT), 1)

    def y(value: float) -> float:
        return round(height - _BOTTOM - (value - y_low) / (y_high - y_low) * (height - _TOP - _BOTTOM), 1)

    parts = [f'<text x="{_LEFT}" y="{_TOP - 20}" font-weight="600">{escape(chart.title)}</text>']
    for tick in chart.y_ticks:
        parts.append(f'<path d="M{_LEFT} {y(tick)}H{width - _RIGHT}" stroke="#d8dee4"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y(tick) + 4}" text-anchor="end">{100 * tick:g} %</text>')
    for tick in chart.x_ticks:
        parts.append(f'<path d="M{x(tick)} {y(y_low)}v5" stroke="#57606a"/>')
        parts.append(f'<text x="{x(tick)}" y="{y(y_low) + 20}" text-anchor="middle">{tick:,.0f}</text>')
    middle = (_LEFT + width - _RIGHT) / 2
    parts.append(f'<text x="{middle:g}" y="{height - 8}" text-anchor="middle">{escape(chart.x_title)}</text>')
    left, top = x(chart.legend_at[0]), y(chart.legend_at[1])
    for number, line in enumerate(chart.lines):
        drawn = f'fill="none" stroke="{line.colour}" stroke-width="2" stroke-dasharray="{line.dashes or "none"}"'
        path = "L".join(f"{x(at)} {y(min(value, y_high))}" for at, value in line.points)
        parts.append(f'<path d="M{path}" {drawn}/>')
        row = round(top + 20 * number, 1)
        parts.append(f'<path d="M{left} {row}h24" {drawn}/>')
        parts.append(f'<text x="{left + 32}" y="{row + 4}">{escape(line.label)}</text>')
    return parts
