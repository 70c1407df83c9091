"""Judges: verifiers that use a model."""
