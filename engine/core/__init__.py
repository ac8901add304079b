"""Pure decisions: values and ``now`` in, values with reasons out. No SQL, no matcher library, no clock."""
