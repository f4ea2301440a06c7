"""How weights are learned from labelled orders; nothing here is part of the service."""
