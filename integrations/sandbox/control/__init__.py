"""The control page and its JSON twin: what a person does in the stand-in stores, and how they are made to misbehave."""
