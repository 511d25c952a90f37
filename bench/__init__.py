"""Every claim about speed, measured in one run against the servers it is compared with."""
