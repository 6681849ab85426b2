"""What the states of a trained model hold: linear probes of positions, lengths, brackets and quotations."""
