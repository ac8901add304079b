"""What a policy does to a lead: decisions in `core`, the matcher in `matcher`, SQL in `store`, batches in `batch`.

Nothing here serves HTTP or talks to Redis.
"""
