"""The front door's own rules: who may do what, how long a failed try waits, what a signature is worth."""
