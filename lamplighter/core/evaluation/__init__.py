"""From rows and labels to measurements: data checks, coverage, quality."""
