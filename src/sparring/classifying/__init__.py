"""A trained game as a classifier: classes of pictures, with probabilities that can be relied on."""
