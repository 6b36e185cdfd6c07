"""The admin API: JSON at `/api/v1`, one file for each resource, every write one setup verb in one transaction."""
