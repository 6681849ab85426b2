"""Decoders: recurrent layers that look back at a source and predict the next token.

How their answers are searched is `gyeol.engine.search`.
"""
