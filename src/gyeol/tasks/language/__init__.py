"""Many to many, in step: language models that suggest, generate and score.

The estimator, its network, its corpus as batches, the reader that goes token by token.
"""
