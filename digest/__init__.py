"""Paper digest: the research papers that are trending for you, once a day, in one good e-mail."""

__version__ = "0.1.0"
