"""Gatebridge: an identity and OAuth platform in which every integration is a connected app."""

__version__ = "0.1.0"
