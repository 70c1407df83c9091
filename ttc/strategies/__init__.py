"""Online strategies: what to ask for next, given what came back. One file a family."""
