"""Where the registry's files come from."""
