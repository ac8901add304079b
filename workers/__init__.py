"""When it happens: RQ wake-ups and jobs, the scheduler, the embedded servers."""
