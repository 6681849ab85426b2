"""Metrics under the names that `evaluate` prints, and the calibration of probabilities.

Libraries compute them; what libraries lack is written here.
"""
