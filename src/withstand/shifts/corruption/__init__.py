"""The corruption shift, and where its images come from: published files, files of ours, or made when asked for."""
