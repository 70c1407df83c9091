"""Solve problems: run a strategy or a selection rule on each, and turn what came into an answer."""
