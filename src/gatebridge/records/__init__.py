"""The three pens: nobody else writes audit lines, login history or outbox entries."""
