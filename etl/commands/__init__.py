"""The commands of `baocao`, one module a group of them."""
