"""What `ttc show` prints: a pool, a problem, a draw, draws of a kind, and two pools compared."""
