"""Experiments with numeric sequences: what a recurrent net remembers, and how far its gradient reaches back."""
