"""A stand-in Ecwid: one store in the real wire format, with its OAuth pages, batches and signed webhooks."""
