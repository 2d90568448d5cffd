"""The use cases of objects: composing, creating, changing and deleting them, and putting uploads into them."""
