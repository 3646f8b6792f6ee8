"""`python -m desk` is `award-desk`."""

from desk.command import main

if __name__ == "__main__":
    main()
