"""The driver: one loop that draws, scores, counts, cancels and stores for every strategy."""
