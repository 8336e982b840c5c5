"""What a step can do and ask, one collaborator a noun. `world.py` composes them; a step never reaches below them."""
