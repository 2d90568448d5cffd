"""What runs until it is stopped: `serve`, `worker`, `dev` and `relay nats`, and how they start and end."""
