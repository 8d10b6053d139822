"""Curated data to validated measurements to fitted, evaluated and registered models."""
