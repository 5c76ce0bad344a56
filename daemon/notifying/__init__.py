"""Telling people what has begun, ended or waits for them. No mission ever waits for it."""
