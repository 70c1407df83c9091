"""From judged draws to curves: tables, intervals, comparisons, gates and predictions."""
