"""The load engine: schedules, requests at their intended times, and a result that judges itself."""
