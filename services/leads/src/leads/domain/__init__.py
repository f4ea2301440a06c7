"""The decisions about leads: pure functions of facts and a day, each outcome with its reasons (`rules.md` 7)."""
