"""Pages for the operator, as single HTML files that need nothing else: rendered from templates/pages."""
