//! Documents as clients write them, and documents that are wrong.
