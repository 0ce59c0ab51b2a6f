"""Networks that mask one target and are trained on clips: those of the Slakh paper."""
