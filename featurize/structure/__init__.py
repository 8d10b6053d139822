"""Crystal structures, as measured with all their disorder, to numbers."""
