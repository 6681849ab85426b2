"""What all pictures and pages share: fonts, sheets, the shell of a page; and the picture of a forecast.

No other room handles fonts.
"""
