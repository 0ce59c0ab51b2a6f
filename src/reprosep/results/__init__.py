"""From scores to tables, figures, claims and the report."""
