"""Tables: how rows fit a terminal, and the curves of a sweep on it and in files."""
