"""What tools outside of this repository read: addresses and bodies, exit codes, `--json`, lines of `baton up`.

Keys, lines and addresses may be added; those listed here may not change or go. May not test how a thing is computed.
"""
