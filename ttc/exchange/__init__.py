"""Pools in and out: `import` reads the logs of other tools, `export` writes pools for them."""
