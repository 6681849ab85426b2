"""How words are misspelled: keys, typing errors, an error channel, and the words that may have been meant.

What a corrector makes of it is `gyeol.tasks.spelling`.
"""
