"""Who are you, and how sure are we: passwords, locks and browser sessions."""
