"""The room of setup: the verbs of admins and developers, one file each."""
