"""Samples of a pool, a file or a list through a verifier to verdicts that are kept."""
