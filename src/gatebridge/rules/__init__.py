"""The ground floor: what the product knows and decides, as values and plain functions. Standard library only."""
