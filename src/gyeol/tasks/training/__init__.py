"""A training of any estimator: its plan, the time to prepare, its progress, and how good the result is.

The loop itself is in `gyeol.engine`.
"""
