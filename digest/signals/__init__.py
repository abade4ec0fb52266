"""Attention for papers that are already stored, apart from the sources that bring papers.

store: who is due ──claim──▶ SignalProvider.read(client) ──Findings──▶ pipeline ──▶ one transaction each
"""
