"""What leaves the house: carried out from the outbox, after the commit, with retries."""
