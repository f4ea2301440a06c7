"""What a source told, as values, and the rules by which it is recorded: pure, no I/O."""
