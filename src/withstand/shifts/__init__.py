"""Shifts: the ways in which the world changes, one file each."""
