"""Images as bytes: sets of them, files, decoding, resizing, and what a network is shown."""
