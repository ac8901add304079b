"""Events on their way in: accepted once, waiting, claimed, retried, set aside. Deciding them is `engine.batch`."""
