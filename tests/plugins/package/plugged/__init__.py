"""One of everything that withstand finds by name."""
