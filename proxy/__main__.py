"""`python -m proxy` is the `strangler` command."""

from proxy.cli import main

if __name__ == "__main__":
    main()
