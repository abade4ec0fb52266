"""Settings files: YAML text → plain data with lines → checked values, with every problem of a file at once.

    document.py     text → plain data, the line of every value; yaml_errors.py says what is wrong with the text
    validation.py   plain data and a pydantic model → the model, or problems in plain words
    reading.py      what the checks of one file share
    environment.py  what the environment replaces
    words.py times.py addresses.py places.py servers.py    the kinds of values that settings have

A kind is an ``Annotated`` type. It parses what was typed and raises ValueError with a clause that continues
"file:line: key: …"; values that are built in Python are checked but need no spelling.
"""
