"""Where results go: Pushgateway, notifications, reports."""
