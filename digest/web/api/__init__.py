"""The API: what the pages show, for programs, in the shape that Hugging Face's ``api/daily_papers`` made common.

    questions   parameters  ─▶  a frozen question, or 400 with what is wrong
    answers     papers  ─▶  JSON: Hugging Face's names, and a few of our own beside them
    endpoints   one function for each address; what they take and give is declared once
    reference   the same declarations as OpenAPI 3.1 and as a page
    links       where Hugging Face's pages of a paper and a day would be: bots build links to them

Programs written for theirs run on ours with another base address. What they have and we don't (accounts, discussions,
pictures) is there where programs rely on it, and says nothing that is untrue. Papers have the names that bots build
links from: the arXiv id where there is one.
"""
