"""Where classifiers come from, a source a file, found by name: each has ``from_config(config, outputs) -> Classifier``.

``outputs`` is how many a classifier that is to be trained must have; None asks for it as its weights have them.
``ABOUT`` says for the help page what a source is asked for.
"""
