//! `api`

fn main() {}
