"""Commands that run Baton: up, web, worker, scheduler, migrate, doctor. Each one is a process of its own."""
