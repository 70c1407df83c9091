"""Merges stores that were sampled apart."""
