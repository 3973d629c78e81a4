"""Stands for the `kubernetes` client package where it isn't installed: only the objects of `client.models`."""
