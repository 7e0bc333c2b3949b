"""What `make docs` makes of `docs/`, `conf/` and the source: pages for mkdocs, as the program itself says them."""
