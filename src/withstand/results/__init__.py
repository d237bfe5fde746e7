"""What a run leaves behind, and how it is read again: predictions, records, metrics of them."""
