"""The pages, a module for each matter: functions from Asked or Sent to an answer, and their ROUTES."""
