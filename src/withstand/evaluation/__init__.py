"""The one way from a classifier, images and shifts to cells in a store."""
