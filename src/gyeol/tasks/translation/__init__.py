"""Many to many, free: an encoder and a decoder with attention between them.

Translations, answers and corrections are all the same to it.
"""
