"""The bundled demo: real papers of one week, and the providers' answers made from them."""
