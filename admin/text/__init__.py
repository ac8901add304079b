"""What pages say of values that carry codes and terms: findings, refusals, places, in the reader's language."""
