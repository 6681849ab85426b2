"""The renderers of explanations: lines for a terminal, a page, a picture, JSON.

They know arrays, words and images, no model and no task.
"""
