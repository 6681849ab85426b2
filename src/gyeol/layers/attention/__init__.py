"""Attention: scores as pure functions, and where a decoder may look.

A score is a function and a line in `SCORES`.
"""
