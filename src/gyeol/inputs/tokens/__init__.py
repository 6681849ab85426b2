"""Texts cut into tokens, and tokens numbered: one table of tokenizers, one contract.

What Unicode, Hangul and Korean morphology say of a text belongs here.
"""
