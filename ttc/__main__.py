"""`python -m ttc`."""

from ttc.cli.main import main

if __name__ == "__main__":
    main()
