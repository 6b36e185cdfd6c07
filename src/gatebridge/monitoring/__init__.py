"""The room of monitoring: reading what happened."""
