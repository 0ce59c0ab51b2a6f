"""One network that estimates several targets at once, each against its accompaniment, as IASS estimates one."""
