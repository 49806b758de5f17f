"""Who asks, what they may do, who is behind a pseudonym: tokens, scopes, certificates, mandates, vault."""
