//! Exact text of what is tricky.
