//! The contract twins, put at their real addresses.
