"""Thousands of virtual terminals in one process, with the link's real formats and real records.

There is no firmware in them: what they answer is written after SPEC.md sections 4 and 5.
"""
