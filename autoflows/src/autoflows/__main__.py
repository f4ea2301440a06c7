"""`python -m autoflows`, as the supervisor starts its children."""

from autoflows.cli import main

if __name__ == "__main__":
    main()
