"""Reports for CI servers: annotations and step summaries of GitHub, metrics of GitLab."""
