"""Simulated chips at byte level."""
