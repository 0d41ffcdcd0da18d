"""The frame of every page and API: sign-in token, rights, headers, problems, theme, API docs."""
