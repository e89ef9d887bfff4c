"""The asynchronous side: the same flows, run on asyncio or Trio through AnyIO (extra ``async``)."""
