"""How words are misspelled: keys, typing errors, an error channel, words near a word.

What a corrector makes of it is `gyeol.tasks.spelling`.
"""
