"""Drawing samples into a pool: what is asked for, what is missing, and the draws themselves."""
