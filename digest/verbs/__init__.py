"""What :class:`digest.app.App` can do, by what it is about: verbs over what digest.composition has built."""
