"""Many to many, free: sound becomes text, whole or as it is spoken.

The recognizer, its network, its search, and its language model.
"""
