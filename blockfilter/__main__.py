"""`python -m blockfilter`: the same as the command `blockfilter`."""

from blockfilter.cli import main

if __name__ == "__main__":
    main(prog_name="blockfilter")
