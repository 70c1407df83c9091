"""Reward models: where their files are, what they read of a sample, and what they say of it.

`files` finds a model and tells what its configuration says, without importing anything heavy;
`texts` makes token ids of a question and an answer; `heads` loads the weights and runs them.
"""
