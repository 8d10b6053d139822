"""The REST service: what the library does, over HTTP."""
