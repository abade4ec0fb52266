"""Feeds: a list of papers, or a reader's editions, as Atom and as JSON Feed, from one frozen value."""
