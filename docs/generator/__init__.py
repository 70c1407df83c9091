"""What `docs/generate.py` writes into the pages: each module has functions that return Markdown."""
