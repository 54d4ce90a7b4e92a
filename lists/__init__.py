"""The curated list, as data. `blockfilter.catalog.store` reads it."""
