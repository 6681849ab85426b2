"""What each token adds to a verdict: numbers, terminal, page.

It knows tokens and their attributions, no model.
"""
