"""What notifier decides, as pure functions: when a message may leave, what stops it, what an answer of a provider means."""
