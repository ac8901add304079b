"""What a policy does to a lead: pure decisions in ``core``, the matcher in ``rete``, SQL in ``store``."""
