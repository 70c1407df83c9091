"""Merges stores that were sampled on machines that share nothing."""
