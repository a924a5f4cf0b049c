"""Numbers as the report writes them."""

import math


def significant(value, digits=3):
    """Three significant digits, all of those before the point, and commas."""
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}"


def bytesText(value):
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if abs(value) >= 10 * size or unit != "GB" and abs(value) >= 10 * size:
            return f"{significant(value / size)} {unit}"
    return f"{value:,.0f} B"


def timeText(microseconds):
    """With its unit."""
    if microseconds >= 1e6:
        return f"{significant(microseconds / 1e6)} s"
    if microseconds >= 1000:
        return f"{significant(microseconds / 1000)} ms"
    return f"{significant(microseconds)} µs"
