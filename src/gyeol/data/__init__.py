"""Files, data sets, splits and batches: everything below a token."""
