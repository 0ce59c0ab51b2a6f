"""What needs no training: ideal masks, and the unprocessed mixture."""
