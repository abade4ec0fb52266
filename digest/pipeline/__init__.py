"""The only orchestration: each module calls stage after stage for one purpose.

ingest     sources → catalog → store
plan       who is due → outbox
build      store → ranking → editions → outbox
deliver    outbox → SMTP
preview    one reader's mail, for looking at; and why a paper is or is not in it
"""
