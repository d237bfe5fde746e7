"""What everything stands on: errors, the console, files that appear whole, what a machine measured once."""
