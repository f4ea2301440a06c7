"""The demo: a dealer with customers, and a world around it that catches mail and SMS."""
