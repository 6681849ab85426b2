"""What each token contributes to a prediction: as numbers, in the terminal and as a page.

It knows tokens and their attributions, no model.
"""
