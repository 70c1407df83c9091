"""Contracts of plugins: what each selector, strategy, verifier and format must do."""
