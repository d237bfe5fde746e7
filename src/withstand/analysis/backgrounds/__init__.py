"""What predictions under several backgrounds say."""
