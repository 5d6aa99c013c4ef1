"""From images to images: what systems that make the one of the other share, and what they are used by."""
