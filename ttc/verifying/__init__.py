"""From the samples of a pool, a file or a list, through a verifier, to stored verdicts."""
