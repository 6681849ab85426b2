"""Vectors and scores of words and n-grams: embeddings, direct n-gram connections.

What a token is, is decided in `gyeol.inputs.tokens`.
"""
