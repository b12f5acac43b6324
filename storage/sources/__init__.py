"""What is read: Parquet, CSV, Delta and SQL tables, as windows of rows."""
