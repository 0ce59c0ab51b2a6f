"""When an instrument plays: energy tracking, activation confidence, binary labels."""
