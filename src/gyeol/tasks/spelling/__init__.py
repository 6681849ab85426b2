"""Text to text, little changed: a spelling corrector.

The readers and the changes; candidates and the weights of all witnesses are `gyeol.inputs.spelling`'s.
"""
