"""Generate, store and redeem recovery codes."""
