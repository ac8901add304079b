"""What is to be told: notices in the app, webhooks and mails, one row per cause and receiver. Sending is `workers`."""
