"""A series goes on: quantiles of its next steps.

The estimator, its network, and what a forecast must beat.
"""
