"""Rules of notices: what is told on which occasion, in which language, how it is cut and when it may leave."""
