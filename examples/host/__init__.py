"""What the example applications share: tables, pages, sessions, settings. No web framework."""
