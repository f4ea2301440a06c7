"""What every Autoflows service needs and none owns: events, the log and bus, one transaction, clocks, the web's edge."""
