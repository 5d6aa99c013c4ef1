"""Parts of networks that more than one system uses."""
