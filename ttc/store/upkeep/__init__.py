"""Looking after a store: removing and renaming pools, giving space back, asking it questions."""
