"""Authentication of clients by API key or JWT."""
