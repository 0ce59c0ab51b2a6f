"""Networks that estimate one target against its accompaniment: IASS and Open-Unmix."""
