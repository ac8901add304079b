"""Documents over HTTP: the policy, its life, the roster, simulations. Every write names the version it is based on."""
