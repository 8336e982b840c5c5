"""Topologies as data, and their reader."""
