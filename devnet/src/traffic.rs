//! A seeded economy on the twins.
