"""Import logs of other tools into pools, and export pools for other tools."""
