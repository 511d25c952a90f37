"""What students have written, change by change: kept, packed, thinned, and given out again."""
