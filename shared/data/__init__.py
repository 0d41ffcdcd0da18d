"""Tables derived from public packages; `docs/data.md` says which, under which licence, and how to rebuild them."""
