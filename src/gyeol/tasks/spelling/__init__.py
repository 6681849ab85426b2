"""Text to text, little changed: a spelling corrector.

The readers, the weights of all witnesses, and the changes that follow; candidates are `gyeol.inputs.spelling`'s.
"""
