"""The pure core: no clock, no entropy source, no input or output, no logging."""
