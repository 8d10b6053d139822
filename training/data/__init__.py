"""Measurement tables: what they may hold, reading and validating them, where they come from, what they amount to."""
