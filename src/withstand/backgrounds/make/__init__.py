"""A backgrounds challenge from images of your own: found, cut out, put before other backgrounds."""
