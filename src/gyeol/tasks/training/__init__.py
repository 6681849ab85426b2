"""A training of any estimator: its plan, the time to prepare, its progress, and where it stands at the end.

The loop itself is in `gyeol.engine`.
"""
