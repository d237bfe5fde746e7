"""Training: classifier and images in, a better classifier out."""
