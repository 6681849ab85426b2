"""Numeric sequences with one label each: wide tables, long tables, JSON lines and .npz arrays.

Series over time, which are forecast, are read in `gyeol.data.times`. It stands on ``times``, ``tables`` and
``catalogue``.
"""
