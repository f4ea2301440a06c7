"""What a registry says of a vehicle, and what follows from it: pure, no I/O."""
