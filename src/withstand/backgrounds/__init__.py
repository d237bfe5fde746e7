"""Foregrounds on other backgrounds: how the pictures are put together, shown to classifiers and counted."""
