"""The page: what a researcher asks and reads in a browser, drawn on the server, with light scripts."""
