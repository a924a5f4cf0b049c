"""Bar charts as SVG, drawn here so that they need nothing; readable on light and dark pages."""

import dataclasses
import html
import math

WIDTH = 760
MIN_LABELS = 150
LABEL_LETTER = 7.3
VALUES = 110
BAR = 18
STEP = 28
TOP = 58
BOTTOM = 30

STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif; fill: var(--text);
  font-variant-numeric: tabular-nums; paint-order: stroke; stroke: var(--page); stroke-width: 4px }
.note, .tick, .title { stroke: none }
.title { font-weight: 600; font-size: 15px }
.note, .tick { fill: var(--faint); font-size: 12px }
.grid { stroke: var(--grid) }
.floor { stroke: var(--faint); stroke-dasharray: 4 3 }
.whisker { stroke: var(--text); stroke-width: 1.5 }
.ours { fill: var(--ours) } .floor-bar { fill: var(--floor) } .peer { fill: var(--peer) }
.second { opacity: .5 }
.strong { font-weight: 600 }
svg { --page: #ffffff; --text: #1f2328; --faint: #59636e; --grid: #d8dee4; --ours: #0969da; --floor: #818b98; --peer: #bf5b16 }
@media (prefers-color-scheme: dark) {
  svg { --page: #0d1117; --text: #f0f6fc; --faint: #9198a1; --grid: #30363d; --ours: #4493f8; --floor: #818b98; --peer: #e08a4f }
}
"""
CLASSES = {"ours": "ours", "floor": "floor-bar", "peer": "peer"}


@dataclasses.dataclass
class Bar:
    label: str
    # "ours", "floor" or "peer".
    kind: str
    # Beside one another, at most two.
    parts: tuple
    text: str
    # (least, most) of the whole.
    spread: tuple | None = None


def niceStep(largest):
    """So that three to six steps reach `largest`."""
    if largest <= 0:
        return 1
    power = 10 ** math.floor(math.log10(largest / 3))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if largest / (power * factor) <= 5)


def tickText(value):
    return f"{value:,.10g}" if value >= 1 or value == 0 else f"{value:.3g}"


def text(x, y, words, style="", anchor="start"):
    attributes = f' class="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{attributes}>{html.escape(words)}</text>'


def legend(names, y):
    """Which tone is which part, at the right end of the line."""
    if len(names) < 2:
        return []
    lines, x = [], WIDTH - 12
    for name, style in reversed(list(zip(names, ("", " second")))):
        width = 7 * len(name)
        x -= width
        lines.append(text(x, y, name, "note"))
        x -= 16
        lines.append(f'<rect x="{x}" y="{y - 10}" width="11" height="11" class="floor-bar{style}"/>')
        x -= 12
    return lines


def axis(left, largest, scale, bottom):
    step = niceStep(largest)
    for index in range(int(largest / step + 1e-9) + 1):
        x = left + index * step * scale
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{bottom}" class="grid"/>'
        yield text(x, bottom + 17, tickText(index * step), "tick", "middle")


def drawBar(bar, left, y, scale):
    yield text(left - 10, y + 14, bar.label, "strong" if bar.kind == "ours" else "", "end")
    x = left
    for part, style in zip(bar.parts, ("", " second")):
        width = part * scale
        yield f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" class="{CLASSES[bar.kind]}{style}"/>'
        x += width
    if bar.spread:
        least, most = (left + value * scale for value in bar.spread)
        middle = y + BAR / 2
        yield f'<line x1="{least:.1f}" x2="{most:.1f}" y1="{middle}" y2="{middle}" class="whisker"/>'
        for end in (least, most):
            yield f'<line x1="{end:.1f}" x2="{end:.1f}" y1="{middle - 4}" y2="{middle + 4}" class="whisker"/>'
        x = max(x, most)
    yield text(x + 8, y + 14, bar.text, "strong" if bar.kind == "ours" else "")


def chart(title, unit, bars, parts=(), reference=None):
    """The SVG of `bars`; `parts` names their tones, `reference` is a value to draw a line at."""
    largest = max(max(sum(bar.parts), bar.spread[1] if bar.spread else 0) for bar in bars) or 1
    left = max(MIN_LABELS, 24 + LABEL_LETTER * max(len(bar.label) for bar in bars))
    scale = (WIDTH - left - VALUES) / largest
    bottom = TOP + STEP * len(bars)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + BOTTOM}" width="{WIDTH}" '
        f'height="{bottom + BOTTOM}" role="img">',
        f"<title>{html.escape(title)}: {html.escape(unit)}</title>",
        f"<style>{STYLE}</style>",
        text(12, 22, title, "title"),
        text(12, 41, unit, "note"),
        *legend(parts, 41),
        *axis(left, largest, scale, bottom),
    ]
    drawn = [line for index, bar in enumerate(bars) for line in drawBar(bar, left, TOP + STEP * index, scale)]
    lines += [line for line in drawn if not line.startswith("<text")]
    if reference is not None:
        x = left + reference * scale
        lines.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{bottom}" class="floor"/>')
    # Last, so that no line runs through them.
    lines += [line for line in drawn if line.startswith("<text")]
    return "\n".join([*lines, "</svg>", ""])
