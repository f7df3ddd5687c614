"""Access: accounts, sessions, roles, and what each may do."""
