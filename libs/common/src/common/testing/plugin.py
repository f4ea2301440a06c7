"""The pytest plugin: databases, runtimes and buses for every test of the workspace."""
