"""Collectors: records from many terminals into Parquet batches, and from there into a store.

A collector keeps nothing of its own that would be missed: where a terminal goes on is what that
terminal has acknowledged. So any number of them may stand side by side, and each may die at any
time. docs/decisions/0016-collectors.md says why it is so.
"""
