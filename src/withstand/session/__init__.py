"""What every command stands on: a checked configuration with its device, data and folder, and what a run began with."""
