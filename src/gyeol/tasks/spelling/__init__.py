"""Text to text, little changed: a spelling corrector.

Candidates, the witnesses that judge them, and the weights of the witnesses.
"""
