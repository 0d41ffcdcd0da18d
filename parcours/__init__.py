"""Where all services meet: the command line, the embedded house, the demonstration, sample data."""
