"""Attention of a decoder: as a matrix in the terminal, as a picture and as a page.

It knows weights and words, no model.
"""
