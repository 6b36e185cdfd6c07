"""SOQL: from the text of a query to what it says."""
