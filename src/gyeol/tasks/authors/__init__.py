"""Who wrote a text: language models by author, and Bayes' rule.

The estimator, its network, and the baseline it is measured by.
"""
