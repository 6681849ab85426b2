"""Losses that are more than a line: CRF, CTC, large and sampled softmaxes.

Each has a readable definition beside its fast form.
"""
