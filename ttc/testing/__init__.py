"""For tests and examples, of ttc and of its plugins: a scripted backend with known truth."""
