"""Attention of a decoder: as a matrix in the terminal, a picture, a page.

It knows weights and words, no model.
"""
