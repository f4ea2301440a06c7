"""Tags of wheel changes: rules give the first, the season that text or date tells makes one of the others of it."""

CHANGE = "wheel_change"
TAGS = frozenset({CHANGE, "wheel_change_winter", "wheel_change_summer"})
