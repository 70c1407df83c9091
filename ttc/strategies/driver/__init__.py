"""The driver: draws, scores, counts, cancels and remembers for every strategy."""
