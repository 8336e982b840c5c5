"""Load: schedules, the engine that keeps them, and the verdict of a load run about the server and about itself."""
