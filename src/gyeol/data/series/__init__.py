"""Numeric sequences with a label each: wide tables, long tables, JSON lines and .npz arrays.

Series over time, which are forecast, are read in `gyeol.data.times`.
"""
