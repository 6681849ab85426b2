"""Figures of merit under the names that `evaluate` prints, and the calibration of probabilities.

Libraries count; what they lack is written here.
"""
