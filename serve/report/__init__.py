"""One self-contained HTML page of a ranking: table, periodic-table map, front, curves, and notes on the domain."""
