"""Verifiers that run programs in the sandbox."""
