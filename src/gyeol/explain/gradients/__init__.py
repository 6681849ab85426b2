"""The gradient through time as curves: one page without a script. It knows numbers and names, no model."""
