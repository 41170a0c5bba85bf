from tests.legacy_monolith.fixtures import database_file, monolith, seeded_file

__all__ = ["database_file", "monolith", "seeded_file"]
