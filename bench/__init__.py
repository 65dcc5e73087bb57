"""Benchmarks: a module with `run(runs) -> Result` each, named in `bench.__main__`; RESULTS.md has the last figures.

Each proves the work that it measures: where that was done wrongly it raises, and writes nothing.
"""
