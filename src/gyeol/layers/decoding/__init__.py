"""Decoders: recurrent layers that attend to a source and predict the next token.

Beam search and sampling are in `gyeol.engine.search`.
"""
