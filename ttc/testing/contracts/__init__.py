"""The contracts of plugins, one file each: what a selector, strategy, verifier or format must do."""
