"""Candidates, screening and ranking; the command line and the Python verbs."""
