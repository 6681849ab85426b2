"""Attention: scores (how well a step answers a query), scopes (which steps may be chosen), contexts.

A new score is a class with a formula and a line in `SCORES` (scores.py).
"""
