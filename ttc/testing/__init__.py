"""For tests and examples, of ttc and of its plugins: a scripted backend with known truth, and the
contract that every backend must pass (it needs pytest, and nothing else here does)."""
