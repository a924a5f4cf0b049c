"""Medians and spreads of samples."""

import statistics


def values(samples, name):
    return [sample[name] for sample in samples if name in sample]


def median(samples, name):
    """None if no sample has it."""
    found = values(samples, name)
    return statistics.median(found) if found else None


def spread(samples, name):
    """(least, most)"""
    found = values(samples, name)
    return (min(found), max(found)) if found else None
