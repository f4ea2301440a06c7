"""The decisions about invitations: pure functions of facts and a day, each outcome with its reasons (`rules.md`)."""
