"""Which papers, for whom, and why. Pure: bytes and numbers in, selections out; numpy is all it needs.

tokens, text, people   a paper as words, a vector and names      (once, when it arrives)
corpus                 all candidates as arrays                  (once per pass)
trend                  attention → how much it is trending
past, authorship       what authors' earlier papers did, and as which numbers
experience             what a service has seen itself
forecast               who wrote what → how much it is going to trend, where nobody has voted
examples               a library of papers → one direction
interests              a reader's lanes → how much it is theirs
scoring                the sum, part by part
editing                the rules: quotas, near-twins, exploration, cap
selection              the way through, for all readers at once
reasons, verdicts      what is said about it
"""
