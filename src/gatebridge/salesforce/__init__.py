"""What Salesforce's clients expect beside OAuth: the list of versions, records, their description, queries, and an answer to SOAP."""
