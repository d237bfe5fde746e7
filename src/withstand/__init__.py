"""withstand: which image classifier holds up when the images change, by how much, and how sure are we?"""

__version__ = "0.1.0"
