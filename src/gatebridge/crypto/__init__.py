"""Keys, hashes, seals and signatures: values in, values out. No SQL, no HTTP, no settings."""
