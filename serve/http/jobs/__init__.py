"""Work that outlives a request: screens and retrainings, each in a folder and a process of its own."""
