"""The curated tables, as package data; see DATASHEET.md."""
