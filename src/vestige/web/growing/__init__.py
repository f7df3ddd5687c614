"""Maps that grow: captures whose frames still arrive, and what is made of them meanwhile."""
