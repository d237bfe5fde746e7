"""The settings: their schema, how words and YAML files make them, and what each may be."""
